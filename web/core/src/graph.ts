/**
 * The API's client: one function, answers checked by a schema at the edge.
 *
 * A token that has just ended is renewed once. Anything else that goes wrong is a [`Problem`].
 */
import * as v from 'valibot';
import { asProblem, Problem, problemOf } from './problems';
import type { Session } from './session';

/** A change, as data: what is sent is what "Graph call" shows. */
export interface Change {
  method: 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  path: string;
  body?: unknown;
  /** What is sent as it is, in place of JSON. */
  file?: File;
}

export interface GetOptions {
  signal?: AbortSignal;
  /** For `$count`, `$search` and the other advanced queries. */
  eventual?: boolean;
}

const Page = v.object({
  value: v.array(v.unknown()),
  '@odata.nextLink': v.optional(v.string()),
  '@odata.count': v.optional(v.number()),
});

/** One page of a list. */
export interface Paged<T> {
  items: T[];
  next: string | undefined;
  count: number | undefined;
}

/** Items of a list that is read to its end. */
const ALL_MAX = 20_000;

type Schema<T> = v.GenericSchema<unknown, T>;

export class Graph {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Reads one object. */
  async get<T>(schema: Schema<T>, path: string, options: GetOptions = {}): Promise<T> {
    const response = await this.#send('GET', path, undefined, options);
    return read(schema, await response.json());
  }

  /** Asks a question whose answer is a list. */
  async pageOf<T>(schema: Schema<T>, change: Change, signal?: AbortSignal): Promise<Paged<T>> {
    const page = await this.ask(Page, change, signal);
    return {
      items: read(v.array(schema), page.value),
      next: page['@odata.nextLink'],
      count: page['@odata.count'],
    };
  }

  /** Reads one page of a list; `path` may be the link to the next page. */
  async page<T>(schema: Schema<T>, path: string, options: GetOptions = {}): Promise<Paged<T>> {
    const page = await this.get(Page, path, options);
    return {
      items: read(v.array(schema), page.value),
      next: page['@odata.nextLink'],
      count: page['@odata.count'],
    };
  }

  /** Reads a list to its end. */
  async all<T>(schema: Schema<T>, path: string, options: GetOptions = {}): Promise<T[]> {
    const items: T[] = [];
    for (let next: string | undefined = path; next && items.length < ALL_MAX; ) {
      const page: Paged<T> = await this.page(schema, next, options);
      items.push(...page.items);
      next = page.next;
    }
    return items;
  }

  /** Asks a question that takes a body, or a change whose answer matters. */
  async ask<T>(schema: Schema<T>, change: Change, signal?: AbortSignal): Promise<T> {
    const response = await this.#send(change.method, change.path, change.body, {
      ...(signal ? { signal } : {}),
    });
    return read(schema, await response.json());
  }

  /** Carries out a change. */
  async change(change: Change): Promise<void> {
    await this.#send(change.method, change.path, change.file ?? change.body, {});
  }

  async #send(
    method: string,
    path: string,
    body: unknown,
    options: GetOptions,
    isSecond = false,
  ): Promise<Response> {
    const { pathname, search } = new URL(path, location.origin);
    const authorization = await this.#session.authorization();
    const headers: Record<string, string> = {
      ...(authorization ? { authorization } : {}),
      ...(body === undefined
        ? {}
        : { 'content-type': body instanceof File ? body.type : 'application/json' }),
      ...(options.eventual ? { consistencylevel: 'eventual' } : {}),
    };
    let response: Response;
    try {
      response = await fetch(pathname + search, {
        method,
        headers,
        ...(body === undefined ? {} : { body: body instanceof File ? body : JSON.stringify(body) }),
        ...(options.signal ? { signal: options.signal } : {}),
      });
    } catch (thrown) {
      if (thrown instanceof DOMException && thrown.name === 'AbortError') throw thrown;
      throw new Problem('unreachable', asProblem(thrown).message);
    }
    if (response.status === 401 && !isSecond && authorization) {
      await this.#session.renew();
      return await this.#send(method, path, body, options, true);
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  }
}

function read<T>(schema: Schema<T>, value: unknown): T {
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const where = issue.path?.map((item) => String(item.key)).join('.') ?? '';
  throw new Problem('strange', `The answer isn’t as expected at ${where}: ${issue.message}`);
}

/** A change as it can be shown: passwords are their people's business, not a page's. */
export const withoutSecrets = (change: Change): Change =>
  change.body === undefined
    ? change
    : {
        ...change,
        body: JSON.parse(
          JSON.stringify(change.body, (name, value) =>
            /password$/i.test(name) && typeof value === 'string' ? '…' : value,
          ),
        ),
      };

/** A change as a command that can be pasted into a terminal. */
export function asCurl(change: Change): string {
  const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const lines = [`curl -X ${change.method} ${quote(location.origin + change.path)}`];
  lines.push('-H "Authorization: Bearer $TOKEN"');
  if (change.file) {
    const { type, name } = change.file;
    lines.push(`-H ${quote(`Content-Type: ${type}`)}`, `--data-binary ${quote(`@${name}`)}`);
  } else if (change.body !== undefined) {
    lines.push("-H 'Content-Type: application/json'", `-d ${quote(JSON.stringify(change.body))}`);
  }
  return lines.join(' \\\n  ');
}

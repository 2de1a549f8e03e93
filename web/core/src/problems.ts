/**
 * What can go wrong between us and the API, as values that a screen can explain.
 *
 * Graph's error body: `{"error":{"code","message","innerError":{"request-id"}}}`.
 */
import * as v from 'valibot';

const Body = v.object({
  error: v.object({
    code: v.string(),
    message: v.string(),
    innerError: v.optional(v.object({ 'request-id': v.optional(v.string()) })),
  }),
});

/** Why a request came to nothing. */
export type ProblemKind = 'refused' | 'missing' | 'busy' | 'signedOut' | 'unreachable' | 'strange';

/** A request that came to nothing. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  readonly status: number;
  readonly code: string;
  readonly requestId: string | undefined;
  /** How long to wait before another try, if the server says so. */
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: ProblemKind,
    message: string,
    more: { status?: number; code?: string; requestId?: string; retryAfterMs?: number } = {},
  ) {
    super(message);
    this.name = 'Problem';
    this.kind = kind;
    this.status = more.status ?? 0;
    this.code = more.code ?? '';
    this.requestId = more.requestId;
    this.retryAfterMs = more.retryAfterMs;
  }

  /** Whether the same request may succeed a little later. */
  get isPassing(): boolean {
    return this.kind === 'busy' || this.kind === 'unreachable';
  }
}

const kinds: Record<number, ProblemKind> = {
  401: 'signedOut',
  404: 'missing',
  429: 'busy',
  503: 'busy',
};

/** Reads a refusal. */
export async function problemOf(response: Response): Promise<Problem> {
  const { status } = response;
  const body: unknown = await response.json().catch(() => null);
  const read = v.safeParse(Body, body);
  const seconds = Number(response.headers.get('retry-after'));
  const requestId =
    (read.success && read.output.error.innerError?.['request-id']) ||
    response.headers.get('request-id');
  return new Problem(
    kinds[status] ?? (status >= 400 && status < 500 ? 'refused' : 'strange'),
    read.success ? read.output.error.message : `HTTP ${status}`,
    {
      status,
      ...(read.success ? { code: read.output.error.code } : {}),
      ...(requestId ? { requestId } : {}),
      ...(seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}),
    },
  );
}

/** Takes whatever was thrown for a problem. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  return new Problem('strange', thrown instanceof Error ? thrown.message : String(thrown));
}

/** The property that a refusal is about, as the API names it; nothing if it names none. */
export const propertyOf = (problem: Problem | undefined): string | undefined =>
  problem?.kind === 'refused'
    ? /\bproperty '?(\w+(?:\.\w+)*)'?/.exec(problem.message)?.[1]
    : undefined;

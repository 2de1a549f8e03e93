/**
 * Signing in as a public client: authorization code with PKCE, tokens in memory only.
 *
 * - Nothing that could be stolen from a store is stored. A reload asks the authorization endpoint
 *   without leaving the page, since the sign-in page has its own session; only where that doesn't
 *   answer by itself (`prompt=none`) does the browser go there.
 * - What crosses the redirect (verifier, nonce, where to return) is in this tab's session store, under
 *   the `state`, and is used once.
 * - An access token is renewed before it ends, by one request for all that wait; the refresh token is
 *   replaced by each answer.
 *
 * Source: RFC 9700, RFC 7636, RFC 9207, OpenID Connect Core 1.0 §3.1.3.7 (the ID token comes straight
 * from the token endpoint), draft-ietf-oauth-browser-based-apps.
 */
import * as v from 'valibot';
import { Problem } from './problems';

declare const __DEVELOPMENT_CLAIMS__: unknown;

/** What an app has to say of itself to sign people in. */
export interface ClientConfig {
  /** The well-known id of this app, the same in every deployment. */
  clientId: string;
  /** Where the answer comes to; below the app's own address. */
  redirectPath: string;
  /** The app's first page. */
  homePath: string;
  scope: string;
}

/** Who is signed in. */
export interface Identity {
  tenantId: string;
  userId: string;
  name: string;
  userName: string;
}

const Claims = v.object({
  tid: v.string(),
  oid: v.string(),
  name: v.optional(v.string()),
  preferred_username: v.optional(v.string()),
  app_displayname: v.optional(v.string()),
  nonce: v.optional(v.string()),
  aud: v.optional(v.union([v.string(), v.array(v.string())])),
  exp: v.optional(v.number()),
});

const TokenAnswer = v.object({
  access_token: v.string(),
  expires_in: v.number(),
  refresh_token: v.optional(v.string()),
  id_token: v.optional(v.string()),
});

const TokenRefusal = v.object({ error: v.string(), error_description: v.optional(v.string()) });

const Pending = v.object({
  verifier: v.string(),
  nonce: v.string(),
  authority: v.string(),
  returnTo: v.string(),
});

/** The tenant that was signed in to last, so that a reload doesn't ask for it. */
const LAST_TENANT = 'isopolity.tenant';
const PENDING = 'isopolity.signIn.';
/** How long before its end a token is renewed. */
const RENEW_BEFORE_MS = 60_000;

const base64url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

async function challenge(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  return base64url(new Uint8Array(digest));
}

function claimsOf(token: string): v.InferOutput<typeof Claims> {
  const part = token.split('.')[1] ?? '';
  const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (character) =>
    character.charCodeAt(0),
  );
  return v.parse(Claims, JSON.parse(new TextDecoder().decode(bytes)));
}

const identityOf = (claims: v.InferOutput<typeof Claims>): Identity => ({
  tenantId: claims.tid,
  userId: claims.oid,
  name: claims.name ?? claims.app_displayname ?? claims.preferred_username ?? claims.oid,
  userName: claims.preferred_username ?? '',
});

const Discovery = v.object({ authorization_endpoint: v.string() });

/** The origin that the sign-in service goes by; nothing if it doesn't tell. */
async function serviceOrigin(): Promise<string | undefined> {
  try {
    const response = await fetch('/organizations/v2.0/.well-known/openid-configuration');
    const { authorization_endpoint } = v.parse(Discovery, await response.json());
    return new URL(authorization_endpoint).origin;
  } catch {
    return undefined;
  }
}

/** One signed-in account of this tab. */
export class Session {
  readonly #config: ClientConfig;
  #identity: Identity | undefined;
  #token = '';
  #expiresAt = 0;
  #refreshToken: string | undefined;
  #idToken: string | undefined;
  #renewal: Promise<void> | undefined;
  readonly #watchers = new Set<() => void>();
  #ended = false;
  #tellAsked = () => {};
  /** Once the first question is on its way: what takes long had better begin then, not before. */
  readonly asked = new Promise<void>((resolve) => {
    this.#tellAsked = resolve;
  });

  constructor(config: ClientConfig) {
    this.#config = config;
  }

  /** Who is signed in; an app shows nothing before somebody is. */
  get identity(): Identity {
    if (!this.#identity) throw new Problem('signedOut', 'Nobody is signed in.');
    return this.#identity;
  }

  /** Whether the session has ended while the page is open. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Tells of the session's end. */
  subscribe = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  get #isComingBack(): boolean {
    return location.pathname === this.#config.redirectPath;
  }

  /** Whether somebody is likely to be signed in, before that is known. */
  get isExpected(): boolean {
    return this.#isComingBack || localStorage.getItem(LAST_TENANT) !== null;
  }

  /**
   * Signs in, or takes what the sign-in page has sent back. Answers the address to go on at, or
   * nothing while the browser is on its way to the sign-in page.
   */
  async open(): Promise<string | undefined> {
    if (__DEVELOPMENT_CLAIMS__) {
      this.#identity = identityOf(v.parse(Claims, __DEVELOPMENT_CLAIMS__));
      this.#expiresAt = Number.POSITIVE_INFINITY;
      return location.pathname + location.search;
    }
    if (this.#isComingBack) return await this.#comeBack();
    const tenant = localStorage.getItem(LAST_TENANT);
    if (tenant && (await this.#signInQuietly(tenant))) return location.pathname + location.search;
    await this.signIn();
    return undefined;
  }

  /** Goes to the sign-in page, to return to where the person is now. */
  async signIn(options: { chooseAccount?: boolean } = {}): Promise<void> {
    const home = await serviceOrigin();
    if (home && home !== location.origin) {
      // The same server by another name: an answer would go to its own one only.
      location.replace(home + location.pathname + location.search);
      return;
    }
    const [state, nonce, verifier] = [random(), random(), random()];
    const authority = options.chooseAccount
      ? 'organizations'
      : (localStorage.getItem(LAST_TENANT) ?? 'organizations');
    const pending: v.InferOutput<typeof Pending> = {
      verifier,
      nonce,
      authority,
      returnTo: this.#isComingBack ? this.#config.homePath : location.pathname + location.search,
    };
    sessionStorage.setItem(PENDING + state, JSON.stringify(pending));
    const query = await this.#question({ state, nonce, verifier }, 'fragment');
    if (options.chooseAccount) query.set('prompt', 'select_account');
    location.assign(`/${authority}/oauth2/v2.0/authorize?${query}`);
  }

  /** Ends the session here and at the sign-in page. */
  signOut(): void {
    const query = new URLSearchParams({
      client_id: this.#config.clientId,
      post_logout_redirect_uri: location.origin + this.#config.homePath,
      ...(this.#idToken ? { id_token_hint: this.#idToken } : {}),
    });
    const { tenantId } = this.identity;
    localStorage.removeItem(LAST_TENANT);
    this.#end();
    location.assign(`/${tenantId}/oauth2/v2.0/logout?${query}`);
  }

  /** The header that authorizes a request; undefined where a proxy adds it. */
  async authorization(): Promise<string | undefined> {
    if (this.#expiresAt === Number.POSITIVE_INFINITY) return undefined;
    if (Date.now() > this.#expiresAt - RENEW_BEFORE_MS) await this.renew();
    return `Bearer ${this.#token}`;
  }

  /** Gets a new access token; those who ask meanwhile wait for the same. */
  renew(): Promise<void> {
    this.#renewal ??= this.#refresh().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  get #redirectUri(): string {
    return location.origin + this.#config.redirectPath;
  }

  async #question(
    own: { state: string; nonce: string; verifier: string },
    responseMode: 'fragment' | 'query',
  ): Promise<URLSearchParams> {
    return new URLSearchParams({
      client_id: this.#config.clientId,
      response_type: 'code',
      response_mode: responseMode,
      redirect_uri: this.#redirectUri,
      scope: this.#config.scope,
      state: own.state,
      nonce: own.nonce,
      code_challenge: await challenge(own.verifier),
      code_challenge_method: 'S256',
    });
  }

  /** Signs in if nobody has to be asked; the answer is where the endpoint would have sent us to. */
  async #signInQuietly(tenant: string): Promise<boolean> {
    const own = { state: random(), nonce: random(), verifier: random() };
    const query = await this.#question(own, 'query');
    query.set('prompt', 'none');
    const asking = fetch(`/${tenant}/oauth2/v2.0/authorize?${query}`);
    this.#tellAsked();
    const response = await asking.catch(() => null);
    const came = new URL(response?.url || location.href);
    const answer = came.searchParams;
    const code = answer.get('code');
    const isOurs =
      came.origin + came.pathname === this.#redirectUri && answer.get('state') === own.state;
    if (!code || !isOurs) return false;
    await this.#redeem(tenant, { code, verifier: own.verifier, nonce: own.nonce });
    return true;
  }

  async #redeem(
    authority: string,
    own: { code: string; verifier: string; nonce: string },
  ): Promise<void> {
    const claims = await this.#exchange(authority, {
      grant_type: 'authorization_code',
      code: own.code,
      redirect_uri: this.#redirectUri,
      code_verifier: own.verifier,
      scope: this.#config.scope,
    });
    if (!claims || claims.nonce !== own.nonce) {
      throw new Problem('refused', 'The ID token is not the answer to this sign-in.');
    }
    this.#identity = identityOf(claims);
    localStorage.setItem(LAST_TENANT, claims.tid);
  }

  async #comeBack(): Promise<string | undefined> {
    const answer = new URLSearchParams(location.hash.slice(1) || location.search);
    // The code mustn't stay in the address, and no later page may see it.
    history.replaceState(null, '', this.#config.redirectPath);
    const key = PENDING + (answer.get('state') ?? '');
    const kept = sessionStorage.getItem(key);
    sessionStorage.removeItem(key);
    if (!kept) {
      // Opened again from the history, or sent here by somebody else: begin anew.
      await this.signIn();
      return undefined;
    }
    const pending = v.parse(Pending, JSON.parse(kept));
    const error = answer.get('error');
    if (error) {
      throw new Problem('refused', answer.get('error_description') ?? error, { code: error });
    }
    const issuer = answer.get('iss');
    if (issuer && new URL(issuer).origin !== location.origin) {
      throw new Problem('refused', 'The answer is from another sign-in service.');
    }
    const code = answer.get('code') ?? '';
    await this.#redeem(pending.authority, { ...pending, code });
    return pending.returnTo;
  }

  async #refresh(): Promise<void> {
    if (!this.#refreshToken) return this.#end();
    try {
      await this.#exchange(this.identity.tenantId, {
        grant_type: 'refresh_token',
        refresh_token: this.#refreshToken,
        scope: this.#config.scope,
      });
    } catch (thrown) {
      if (thrown instanceof Problem && thrown.kind === 'refused') this.#end();
      throw thrown;
    }
  }

  async #exchange(
    authority: string,
    grant: Record<string, string>,
  ): Promise<v.InferOutput<typeof Claims> | undefined> {
    const asking = fetch(`/${authority}/oauth2/v2.0/token`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: this.#config.clientId, ...grant }),
    });
    this.#tellAsked();
    const response = await asking.catch(() => {
      throw new Problem('unreachable', 'The sign-in service can’t be reached.');
    });
    const body: unknown = await response.json().catch(() => null);
    if (!response.ok) {
      const refusal = v.safeParse(TokenRefusal, body);
      const kind = response.status >= 500 || response.status === 429 ? 'busy' : 'refused';
      throw refusal.success
        ? new Problem(kind, refusal.output.error_description ?? refusal.output.error, {
            code: refusal.output.error,
            status: response.status,
          })
        : new Problem(kind, `HTTP ${response.status}`, { status: response.status });
    }
    const tokens = v.parse(TokenAnswer, body);
    const claims = tokens.id_token ? claimsOf(tokens.id_token) : undefined;
    if (claims && ![claims.aud].flat().includes(this.#config.clientId)) {
      throw new Problem('refused', 'The ID token is for another app.');
    }
    this.#token = tokens.access_token;
    this.#expiresAt = Date.now() + tokens.expires_in * 1000;
    this.#refreshToken = tokens.refresh_token ?? this.#refreshToken;
    this.#idToken = tokens.id_token ?? this.#idToken;
    return claims;
  }

  #end(): void {
    this.#token = '';
    this.#expiresAt = 0;
    this.#refreshToken = undefined;
    this.#ended = true;
    for (const watcher of this.#watchers) watcher();
  }
}

/**
 * The access token of an account: fetched when first needed, by one request however many connections want it, kept in memory
 * and renewed in time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Issued } from './endpoint';
import { TokenError } from './token-error';

export interface TokenSource {
  /** A token that is good for a login, as far as anyone knows. Rejects with a TokenError. */
  get(): Promise<string>;
  /**
   * A server refused a token: gives another one, or null when asking again would only repeat the refusal. Rejects with a
   * TokenError.
   */
  replace(refused: string): Promise<string | null>;
  /** A server took a token. */
  accepted(token: string): void;
  /** Renews the token when the last request is older than `age` ms: refresh tokens that are never used end. */
  keepAlive(age: number): Promise<void>;
  /** What is known of the token of the moment; null before the first. */
  current(): { expiresAt: number; scope: string | null } | null;
}

interface Token {
  value: string;
  scope: string | null;
  asked: number;
  renewAt: number;
  expiresAt: number;
  /** A server refused it. */
  bad: boolean;
}

/** A token is renewed when so much of its life is left, at most {@link MAX_LEAD}. */
const LEAD = 1 / 5;

/** ms. */
const MAX_LEAD = 300_000;

/** While the provider or the server says no, at most so many requests are made in any {@link WINDOW} ms. */
const REFUSED_REQUESTS = 2;
const WINDOW = 60_000;

/**
 * `request` gets a token from the provider; what came with it is durable when it resolves. `now` is in ms, `wait` resolves
 * after so many.
 */
export function createTokenSource(
  request: () => Promise<Issued>,
  now: () => number,
  wait: (ms: number) => Promise<void> = (ms) => sleep(ms, undefined, { ref: false }),
): TokenSource {
  let token: Token | null = null;
  let pending: Promise<string> | null = null;
  /** Until then the provider wants to be left alone, and why. */
  let pause: { until: number; error: TokenError } | null = null;
  let lastRequest = -Infinity;
  /** When the requests began of which nothing came but a refusal, by the provider or by the server. */
  let fruitless: number[] = [];

  /** Whether one more request would be too many. */
  function exhausted(at: number): boolean {
    fruitless = fruitless.filter((time) => at - time < WINDOW && time <= at);
    return fruitless.length >= REFUSED_REQUESTS;
  }

  function fetchToken(): Promise<string> {
    if (pending) return pending;
    const at = now();
    if (pause && at < pause.until) {
      const { originalCode, message } = pause.error;
      return Promise.reject(new TokenError(originalCode, message, pause.until - at));
    }
    pending = askInTime().then(
      (issued) => {
        pending = null;
        pause = null;
        return keep(issued, lastRequest).value;
      },
      (error: unknown) => {
        pending = null;
        const reason = asTokenError(error);
        if (reason.refused) fruitless.push(lastRequest);
        if (reason.retryAfter !== null) pause = { until: now() + reason.retryAfter, error: reason };
        throw reason;
      },
    );
    return pending;
  }

  /** Waits while one more request would be too many: somebody starts the connector again and again. */
  async function askInTime(): Promise<Issued> {
    for (let at = now(); exhausted(at); at = now())
      await wait((fruitless.at(-REFUSED_REQUESTS) ?? at) + WINDOW - at);
    lastRequest = now();
    return request();
  }

  /** The life of a token begins before it is on its way to us. */
  function keep({ accessToken, life, scope }: Issued, asked: number): Token {
    const expiresAt = asked + life;
    const renewAt = expiresAt - Math.min(life * LEAD, MAX_LEAD);
    token = { value: accessToken, scope, asked, expiresAt, renewAt, bad: false };
    return token;
  }

  return {
    async get() {
      const held = token;
      const at = now();
      if (held && !held.bad && at < held.renewAt) return held.value;
      // The server's words say more than a failure to ask for another token.
      if (held?.bad && !pending && exhausted(at)) return held.value;
      try {
        return await fetchToken();
      } catch (error) {
        // It is early enough to try again later.
        if (held && !held.bad && token === held && now() < held.expiresAt) return held.value;
        throw error;
      }
    },
    async replace(refusedToken) {
      if (pending) return pending;
      if (token && token.value !== refusedToken) return token.bad ? null : token.value;
      if (token) {
        if (!token.bad) fruitless.push(token.asked);
        token.bad = true;
      }
      return exhausted(now()) ? null : fetchToken();
    },
    accepted(value) {
      if (token?.value === value) token.bad = false;
    },
    async keepAlive(age) {
      if (pending || now() - lastRequest < age) return;
      await fetchToken();
    },
    current: () => token && { expiresAt: token.expiresAt, scope: token.scope },
  };
}

function asTokenError(error: unknown): TokenError {
  if (error instanceof TokenError) return error;
  return new TokenError('malformed', error instanceof Error ? error.message : String(error));
}

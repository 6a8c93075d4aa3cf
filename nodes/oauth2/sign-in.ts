/**
 * Sign-ins that are under way: somebody is at the provider's page, or types a code in there. What comes of it is a refresh token
 * that is kept here, and a name for it that the credentials of the connector get: the token itself never passes the browser.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { t } from '../language/text';
import { MailError } from '../types';
import { authorize } from './authorization';
import { askForDeviceCode, exchangeCode, redeemDeviceCode, type Issued } from './endpoint';
import type { Network } from './http';
import type { RefreshTokens } from './refresh-tokens';
import type { OAuthSettings } from './settings';
import { TokenError } from './token-error';

/** For whom a sign-in is. */
export interface Owner {
  connector: string;
  /** Who began it in the editor; empty where nobody logs in to it. */
  user: string;
}

export interface SignInRequest extends Owner {
  settings: OAuthSettings;
  network: Network;
  store: Pick<RefreshTokens, 'save'>;
}

export type Progress =
  | { state: 'waiting' }
  /** `refreshToken` is the name of the token for the credentials. */
  | { state: 'done'; refreshToken: string }
  | { state: 'failed'; error: Error };

export interface SignIns {
  /** Begins a sign-in in the browser, which comes back to `redirectUri`. */
  browser(
    request: SignInRequest,
    redirectUri: string,
  ): Promise<{ signIn: string; address: string; endsAt: number }>;
  /** Begins a sign-in with a code that is typed in on any device. */
  device(
    request: SignInRequest,
  ): Promise<{ signIn: string; userCode: string; verificationUri: string; endsAt: number }>;
  /** How a sign-in fares; null for those that have ended or belong to another. */
  progress(signIn: string, owner: Owner): Progress | null;
  /** The browser came back with these parameters. False: no sign-in waits for them, and nothing was done. */
  comeBack(parameters: URLSearchParams): Promise<Progress | false>;
}

interface SignIn extends SignInRequest {
  name: string;
  endsAt: number;
  progress: Progress;
  /** Of one in the browser, until it came back. */
  back: { state: string; verifier: string; redirectUri: string } | null;
}

/** ms. */
const BROWSER_LIFE = 600_000;

/** Sign-ins at once; the oldest ends when there are more. */
const MOST = 20;

/** What a refresh token from here is called in the credentials. */
const NAME = 'signed-in:';

/** Whether a refresh token of the credentials is the name of one that is kept here. */
export function isSignInName(refreshToken: string): boolean {
  return refreshToken.startsWith(NAME);
}

/** `now` is in ms, `wait` resolves after so many. */
export function createSignIns(now: () => number, wait: (ms: number) => Promise<void>): SignIns {
  const all = new Map<string, SignIn>();

  function add(request: SignInRequest, endsAt: number, back: SignIn['back']): SignIn {
    for (const [name, one] of all) if (one.endsAt <= now()) all.delete(name);
    const [oldest] = all.keys();
    if (all.size >= MOST && oldest !== undefined) all.delete(oldest);
    const name = random();
    const signIn: SignIn = { ...request, name, endsAt, back, progress: { state: 'waiting' } };
    all.set(name, signIn);
    return signIn;
  }

  async function keep({ store }: SignInRequest, { refreshToken }: Issued): Promise<Progress> {
    if (refreshToken === null) {
      throw new MailError('OAUTH2', t`The provider gave no refresh token`, {
        hint: t`The scope must ask for one (offline_access at Microsoft), and the app must be allowed to have it.`,
      });
    }
    const name = NAME + random();
    await store.save(name, refreshToken);
    return { state: 'done', refreshToken: name };
  }

  async function finish(signIn: SignIn, issue: () => Promise<Issued>): Promise<Progress> {
    try {
      signIn.progress = await keep(signIn, await issue());
    } catch (error) {
      signIn.progress = { state: 'failed', error: error as Error };
    }
    return signIn.progress;
  }

  /** Asks until somebody typed the code in. */
  async function poll(signIn: SignIn, deviceCode: string, interval: number): Promise<Issued> {
    for (let pause = interval; ;) {
      await wait(pause);
      if (now() >= signIn.endsAt || !all.has(signIn.name)) throw ended();
      try {
        return await redeemDeviceCode(signIn.settings, deviceCode, signIn.network);
      } catch (error) {
        const { originalCode, refused, message } = error as TokenError;
        // RFC 8628 section 3.5; an endpoint that is away for a moment is no refusal.
        if (/^slow_down$|: slow_down\b/.test(`${originalCode}: ${message}`)) pause += 5_000;
        else if (refused && originalCode !== 'authorization_pending') throw error;
      }
    }
  }

  return {
    async browser(request, redirectUri) {
      const { address, state, verifier } = await authorize(request.settings, redirectUri);
      const { name, endsAt } = add(request, now() + BROWSER_LIFE, { state, verifier, redirectUri });
      return { signIn: name, address, endsAt };
    },
    async device(request) {
      const { deviceCode, userCode, verificationUri, life, interval } = await askForDeviceCode(
        request.settings,
        request.network,
      );
      const signIn = add(request, now() + life, null);
      void finish(signIn, () => poll(signIn, deviceCode, interval));
      return { signIn: signIn.name, userCode, verificationUri, endsAt: signIn.endsAt };
    },
    progress(name, { connector, user }) {
      const signIn = all.get(name);
      if (!signIn || signIn.connector !== connector || signIn.user !== user) return null;
      if (signIn.progress.state === 'waiting' && now() >= signIn.endsAt) {
        return { state: 'failed', error: ended() };
      }
      return signIn.progress;
    },
    async comeBack(parameters) {
      const given = parameters.get('state') ?? '';
      const signIn = [...all.values()].find(({ back }) => back !== null && same(back.state, given));
      if (!signIn?.back || now() >= signIn.endsAt) return false;
      const { verifier, redirectUri } = signIn.back;
      // Once, whatever comes of it.
      signIn.back = null;
      const code = parameters.get('code');
      return finish(signIn, () => {
        if (code === null) throw refusedBy(parameters);
        return exchangeCode(signIn.settings, { code, verifier, redirectUri }, signIn.network);
      });
    },
  };
}

/** What the provider's page says instead of a code (RFC 6749 section 4.1.2.1). */
function refusedBy(parameters: URLSearchParams): TokenError {
  const words = [parameters.get('error') || 'access_denied', parameters.get('error_description') ?? ''];
  const text = words.filter((word) => word !== '').join(': ');
  const code = (words[0] ?? '').replace(/[^\w.-]/g, '').slice(0, 60);
  return new TokenError(
    code,
    text
      .replace(/\p{Cc}+/gu, ' ')
      .replace(/\s*Trace ID:.*$/is, '')
      .slice(0, 400),
  );
}

function ended(): MailError {
  return new MailError('OAUTH2', t`Nobody signed in in time`, { hint: t`Begin another sign-in.` });
}

function same(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function random(): string {
  return randomBytes(24).toString('base64url');
}

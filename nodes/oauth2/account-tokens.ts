/** The tokens of one account, by whatever grant it gets them. */
import { t } from '../language/text';
import { refresh, unattended, type Issued } from './endpoint';
import type { Network } from './http';
import type { RefreshTokens } from './refresh-tokens';
import { createSecretsMask, type SecretsMask } from './secrets-mask';
import { isSignInName } from './sign-in';
import type { OAuthSettings } from './settings';
import { TokenError } from './token-error';
import { createTokenSource, type TokenSource } from './token-source';

export interface AccountTokens extends TokenSource {
  /** Hides the secrets and tokens of the account. */
  hide: SecretsMask['hide'];
}

export interface AccountTokensOptions {
  settings: OAuthSettings;
  network: Network;
  /** Where refresh tokens that the provider exchanged are kept. */
  store: Pick<RefreshTokens, 'newest' | 'save'>;
  now?: () => number;
}

/** Makes the tokens of an account; nothing is asked for yet. */
export function createAccountTokens({
  settings,
  network,
  store,
  now = Date.now,
}: AccountTokensOptions): AccountTokens {
  const { clientSecret, refreshToken: base } = settings;
  const mask = createSecretsMask();
  mask.add(clientSecret, base);
  /** What came and is not durable yet: the disk was full. */
  let unsaved: (Issued & { asked: number; refreshToken: string }) | null = null;

  async function keepRefreshToken(issued: Issued, used: string, asked: number): Promise<void> {
    const { refreshToken } = issued;
    if (refreshToken === null || refreshToken === used) return;
    unsaved = { ...issued, refreshToken, asked };
    try {
      await store.save(base, refreshToken);
    } catch (error) {
      throw new TokenError('storage', String((error as Error).message));
    }
    unsaved = null;
  }

  /** The access token is used only when the refresh token that came with it can not be lost any more. */
  async function byRefreshToken(): Promise<Issued> {
    if (unsaved) {
      const { asked, life, ...left } = unsaved;
      await keepRefreshToken(unsaved, '', asked);
      const rest = asked + life - now();
      if (rest > 0) return { ...left, life: rest };
    }
    const newest = await store.newest(base).catch((error: Error) => {
      throw new TokenError('storage', error.message);
    });
    if (newest === null && isSignInName(base)) {
      // Flows of another machine, or its folder is lost.
      throw new TokenError('login_required', t`what the sign-in gave is not on this machine`);
    }
    const used = newest ?? base;
    mask.add(used);
    const asked = now();
    const issued = await refresh(settings, used, network);
    mask.add(issued.refreshToken ?? '', issued.accessToken);
    await keepRefreshToken(issued, used, asked);
    return issued;
  }

  async function byApp(): Promise<Issued> {
    const issued = await unattended(settings, network, now());
    mask.add(issued.accessToken);
    return issued;
  }

  const source = createTokenSource(settings.grant === 'authorization_code' ? byRefreshToken : byApp, now);
  return { ...source, hide: mask.hide };
}

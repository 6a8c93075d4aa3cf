/**
 * The access tokens of this process. They belong to the id of a connector, as the outbox does: a deploy that changes nothing of
 * the login goes on with them.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import { createAccountTokens, type AccountTokens } from '../oauth2/account-tokens';
import type { Network } from '../oauth2/http';
import { createRefreshTokens, type RefreshTokens } from '../oauth2/refresh-tokens';
import type { OAuthSettings } from '../oauth2/settings';
import { outboxFolder } from './outboxes';

/** How Node-RED keeps the secrets of a connector. */
export interface Vault {
  /** Empty where there is no user directory: then they are kept as long as the process lives. */
  userDir: string;
  /** Null when the user has turned the encryption of credentials off. */
  secret: string | null;
  warn: (text: string) => void;
}

interface Account {
  fingerprint: string;
  tokens: AccountTokens;
}

const accounts = new Map<string, Account>();
const stores = new Map<string, RefreshTokens>();

/** Where the refresh token of a connector is kept: beside its outbox, whatever kind that is. */
export function refreshTokenFile(userDir: string, connectorId: string): string {
  return `${outboxFolder(userDir, connectorId)}.oauth2`;
}

/** The newest refresh tokens of a connector. */
export function refreshTokensOf(connectorId: string, { userDir, secret, warn }: Vault): RefreshTokens {
  const known = stores.get(connectorId);
  if (known) return known;
  const made =
    userDir === ''
      ? inMemory()
      : createRefreshTokens({
          path: refreshTokenFile(userDir, connectorId),
          secret,
          fs,
          now: Date.now,
          warn,
        });
  stores.set(connectorId, made);
  return made;
}

/** What makes the tokens of two configurations the same. */
export function fingerprintOf(settings: OAuthSettings, key: string, proxy: unknown): string {
  const plain = { ...settings, serviceAccount: null };
  return createHash('sha256')
    .update(JSON.stringify([plain, key, proxy]))
    .digest('hex');
}

/** The tokens of a connector; those of the last call when nothing has changed since. */
export function tokensOf(
  connectorId: string,
  vault: Vault,
  account: { settings: OAuthSettings; network: Network; fingerprint: string },
): AccountTokens {
  const { settings, network, fingerprint } = account;
  const known = accounts.get(connectorId);
  if (known?.fingerprint === fingerprint) return known.tokens;
  const tokens = createAccountTokens({ settings, network, store: refreshTokensOf(connectorId, vault) });
  accounts.set(connectorId, { fingerprint, tokens });
  return tokens;
}

/** The tokens for a test of settings that may not be deployed: those of the connector when it has the same account. */
export function tokensForTest(
  connectorId: string,
  vault: Vault,
  { settings, network, fingerprint }: { settings: OAuthSettings; network: Network; fingerprint: string },
): AccountTokens {
  const known = accounts.get(connectorId);
  if (known?.fingerprint === fingerprint) return known.tokens;
  return createAccountTokens({ settings, network, store: refreshTokensOf(connectorId, vault) });
}

/** Forgets the tokens of a connector that was deleted, on disk too. */
export async function dropTokens(connectorId: string, vault: Vault): Promise<void> {
  accounts.delete(connectorId);
  const store = refreshTokensOf(connectorId, vault);
  stores.delete(connectorId);
  await store.clear();
}

function inMemory(): RefreshTokens {
  const kept = new Map<string, string>();
  return {
    newest: (base) => Promise.resolve(kept.get(base) ?? null),
    save: (base, token) => Promise.resolve(void kept.set(base, token)),
    clear: () => Promise.resolve(kept.clear()),
  };
}

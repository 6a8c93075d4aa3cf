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
  settings: OAuthSettings;
  network: Network;
  /** What makes the tokens of two configurations the same. */
  fingerprint: string;
}

export interface TokenAccounts {
  /** The tokens of a connector; those of the last call when nothing has changed since. */
  open(connectorId: string, vault: Vault, account: Account): AccountTokens;
  /** The tokens for a test of settings that may not be deployed: those of the connector when it has the same account. */
  forTest(connectorId: string, vault: Vault, account: Account): AccountTokens;
  /** The newest refresh tokens of a connector, and what sign-ins for it gave. */
  refreshTokens(connectorId: string, vault: Vault): RefreshTokens;
  /** Forgets the tokens of a connector that was deleted, on disk too. */
  drop(connectorId: string, vault: Vault): Promise<void>;
}

/** Where the refresh token of a connector is kept: beside its outbox, whatever kind that is. */
export function refreshTokenFile(userDir: string, connectorId: string): string {
  return `${outboxFolder(userDir, connectorId)}.oauth2`;
}

/** What makes the tokens of two configurations the same. */
export function fingerprintOf(settings: OAuthSettings, key: string, proxy: unknown): string {
  const plain = { ...settings, serviceAccount: null };
  return createHash('sha256')
    .update(JSON.stringify([plain, key, proxy]))
    .digest('hex');
}

/** No account is open yet. */
export function createTokenAccounts(): TokenAccounts {
  const accounts = new Map<string, { fingerprint: string; tokens: AccountTokens }>();
  const stores = new Map<string, RefreshTokens>();

  function refreshTokens(connectorId: string, { userDir, secret, warn }: Vault): RefreshTokens {
    const known = stores.get(connectorId);
    if (known) return known;
    const path = refreshTokenFile(userDir, connectorId);
    const made = userDir === '' ? inMemory() : createRefreshTokens({ path, secret, fs, now: Date.now, warn });
    stores.set(connectorId, made);
    return made;
  }

  function forTest(connectorId: string, vault: Vault, account: Account): AccountTokens {
    const known = accounts.get(connectorId);
    if (known?.fingerprint === account.fingerprint) return known.tokens;
    const { settings, network } = account;
    return createAccountTokens({ settings, network, store: refreshTokens(connectorId, vault) });
  }

  return {
    refreshTokens,
    forTest,
    open(connectorId, vault, account) {
      const tokens = forTest(connectorId, vault, account);
      accounts.set(connectorId, { fingerprint: account.fingerprint, tokens });
      return tokens;
    },
    async drop(connectorId, vault) {
      accounts.delete(connectorId);
      const store = refreshTokens(connectorId, vault);
      stores.delete(connectorId);
      await store.clear();
    },
  };
}

function inMemory(): RefreshTokens {
  const kept = new Map<string, string>();
  return {
    newest: (base) => Promise.resolve(kept.get(base) ?? null),
    save: (base, token) => Promise.resolve(void kept.set(base, token)),
    clear: () => Promise.resolve(kept.clear()),
  };
}

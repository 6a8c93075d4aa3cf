/** An account at the token server of the tests. */
import { generateKeyPairSync } from 'node:crypto';
import type { OAuthFields, OAuthSettings } from '../../nodes/oauth2/settings';
import { readOAuth } from '../../nodes/oauth2/settings';
import type { TokenServer } from '../servers/token-server';

export const CLIENT_ID = '535fb089-9ff3-47b6-9bfb-4f1264799865';
export const MAILBOX = 'alerts@contoso.example';

/** The fields of a new connector. */
export const EMPTY: OAuthFields = {
  provider: 'microsoft',
  grant: 'authorization_code',
  tenant: '',
  clientId: '',
  scope: '',
  authUrl: '',
  tokenUrl: '',
  deviceUrl: '',
  clientSecret: '',
  refreshToken: '',
  serviceAccountKey: '',
};

/** Fields that lead to the endpoints of a server. */
export function fieldsAt(
  { tokenUrl, authUrl, deviceUrl }: Pick<TokenServer, 'tokenUrl' | 'authUrl' | 'deviceUrl'>,
  more: Partial<OAuthFields> = {},
): OAuthFields {
  return { ...EMPTY, clientId: CLIENT_ID, tenant: 'contoso.example', tokenUrl, authUrl, deviceUrl, ...more };
}

/** Settings without errors. */
export function settingsAt(server: TokenServer, more: Partial<OAuthFields> = {}): OAuthSettings {
  const { settings, errors } = readOAuth(fieldsAt(server, more), MAILBOX);
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  return settings;
}

const PAIR = generateKeyPairSync('rsa', { modulusLength: 2048 });

export const SERVICE_ACCOUNT = {
  email: 'alerts@project.iam.gserviceaccount.com',
  key: PAIR.publicKey,
  user: MAILBOX,
};

/** The key file that Google makes for it. */
export const KEY_FILE = JSON.stringify({
  type: 'service_account',
  project_id: 'project',
  private_key_id: '0123456789abcdef',
  private_key: PAIR.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  client_email: SERVICE_ACCOUNT.email,
  token_uri: 'https://oauth2.googleapis.com/token',
});

/** Keeps refresh tokens as long as the test. */
export function memoryStore() {
  const kept = new Map<string, string>();
  return {
    kept,
    newest: (base: string) => Promise.resolve(kept.get(base) ?? null),
    save: (base: string, token: string) => {
      kept.set(base, token);
      return Promise.resolve();
    },
  };
}

/** The access token of a connection test: asked for before the server is, by the unsaved settings. */
import type { ConnectorCredentials } from '../connector/config';
import { readTokenAccount, type TokenAccount } from '../connector/login';
import { t } from '../language/text';
import type { AccountTokens } from '../oauth2/account-tokens';
import type { OAuthFields } from '../oauth2/settings';
import type { SmtpSettings } from '../properties/settings';
import { MailError } from '../types';
import { readSecret, readText, type Fields } from '../editor-api/body';
import type { Begin } from './steps';
import { storedPassword, UNCHANGED } from './stored-password';

/** What is known of the login of the connector that is deployed under the id. */
export interface DeployedLogin {
  fields: OAuthFields;
  /** The addresses that it uses: the stored secrets go to them alone. */
  urls: string[];
}

const FIELDS = [
  'authType',
  'oauthProvider',
  'oauthGrant',
  'oauthTenant',
  'oauthClientId',
  'oauthScope',
  'oauthAuthUrl',
  'oauthTokenUrl',
  'oauthDeviceUrl',
];

const SECRETS = ['clientSecret', 'refreshToken', 'serviceAccountKey'] as const;

export interface UnsavedLogin {
  fields: Record<string, string>;
  secrets: Record<(typeof SECRETS)[number], string>;
}

/** Reads the login in the body of a request; all of it may be missing. */
export function readUnsavedLogin(body: Fields): UnsavedLogin {
  const secrets = Object.fromEntries(SECRETS.map((name) => [name, readSecret(body, name)]));
  return {
    fields: Object.fromEntries(FIELDS.map((name) => [name, readText(body, name, '')])),
    secrets: secrets as UnsavedLogin['secrets'],
  };
}

/** The secrets with the stored ones in place of those that the editor does not know. */
export function withStored(
  { secrets }: UnsavedLogin,
  deployed: DeployedLogin | null,
): Pick<ConnectorCredentials, (typeof SECRETS)[number]> {
  return Object.fromEntries(
    SECRETS.map((name) => [
      name,
      secrets[name] === UNCHANGED ? (deployed?.fields[name] ?? '') : secrets[name],
    ]),
  );
}

/**
 * The account of the unsaved settings. Throws MailError PASSWORD_NEEDED when stored secrets, or the token that they give, would
 * go elsewhere than those of the deployed connector do.
 */
export function tokenAccount(
  { secrets }: UnsavedLogin,
  fields: OAuthFields,
  unsaved: SmtpSettings,
  deployed: { login: DeployedLogin | null; settings: SmtpSettings | null },
): TokenAccount {
  const account = readTokenAccount(fields, unsaved);
  if ('error' in account) throw account.error;
  if (Object.values(secrets).includes(UNCHANGED)) {
    storedPassword(unsaved, deployed.settings);
    const { tokenUrl, clientId } = account.settings;
    if (deployed.login?.fields.clientId !== clientId || !deployed.login.urls.includes(tokenUrl)) {
      throw new MailError(
        'PASSWORD_NEEDED',
        t`The stored secrets are not used for this test: the app or its endpoints changed since the deploy`,
        { hint: t`Type them in, or deploy first.` },
      );
    }
  }
  return account;
}

/** Asks for the token. Rejects with why there is none, or with MailError ABORTED as soon as the signal says so. */
export async function tokenStep(
  begin: Begin,
  account: TokenAccount,
  tokens: AccountTokens,
  signal: AbortSignal,
): Promise<void> {
  const step = begin('token');
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () =>
      reject(new MailError('ABORTED', t`The connection test was ended because nobody waits for it`));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
  try {
    await Promise.race([tokens.get(), aborted]);
    step.done(describe(account, tokens));
  } catch (error) {
    step.failed(error);
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** What is told of a token: who gave it, for what, and for how long. */
function describe({ settings }: TokenAccount, tokens: AccountTokens): string {
  const current = tokens.current();
  const { host } = new URL(settings.tokenUrl);
  const scope = current?.scope ?? settings.scope;
  const until = new Date(current?.expiresAt ?? Date.now()).toISOString();
  return t`${host} gave an access token by ${settings.grant}, scope ${scope || '-'}, until ${until}`;
}

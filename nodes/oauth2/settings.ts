/** From the fields of a connector to what a token request needs, or to the reasons why there can be none. */
import { t } from '../language/text';
import { isThisMachine } from '../properties/read/host';
import { MailError } from '../types';
import { PROVIDERS, type Grant, type ProviderName } from './providers';
import { readServiceAccount, type ServiceAccount } from './service-account';

/** The fields as the connector has them, variables replaced. */
export interface OAuthFields {
  provider: ProviderName;
  grant: Grant;
  tenant: string;
  clientId: string;
  scope: string;
  authUrl: string;
  tokenUrl: string;
  deviceUrl: string;
  clientSecret: string;
  refreshToken: string;
  serviceAccountKey: string;
}

export interface OAuthSettings {
  provider: ProviderName;
  grant: Grant;
  clientId: string;
  /** Empty for a public client. */
  clientSecret: string;
  scope: string;
  tokenUrl: string;
  /** Empty when nobody can sign in there. */
  authUrl: string;
  deviceUrl: string;
  /** As the credentials have it; newer ones are in the store. Empty with the other grants, and before anybody signed in. */
  refreshToken: string;
  serviceAccount: ServiceAccount | null;
  /** The mailbox. */
  user: string;
}

/** Reads what is needed to sign in: everything but what the sign-in gives. Never throws: what is wrong is in `errors`. */
export function readOAuth(
  fields: OAuthFields,
  user: string,
): { settings: OAuthSettings; errors: MailError[] } {
  const errors: MailError[] = [];
  const wrong = (field: string, message: string, hint?: string) =>
    errors.push(new MailError('CONFIG', `${field}: ${message}`, { field, ...(hint ? { hint } : {}) }));
  const { provider, grant } = fields;
  const known = PROVIDERS[provider];
  const tenant = fields.tenant || 'organizations';
  if (provider === 'microsoft') checkTenant(tenant, grant, wrong);
  if (known.scopes[grant] === undefined) {
    wrong(
      'oauthGrant',
      provider === 'google'
        ? t`Google gives no token for mail by ${grant}`
        : t`Microsoft gives no token by ${grant}`,
      provider === 'google'
        ? t`Choose authorization_code, or service_account for a Google Workspace domain.`
        : t`Choose authorization_code, or client_credentials for an app that sends on its own.`,
    );
  }
  const url = (field: string, given: string, otherwise: string) => {
    const value = given || otherwise;
    const fault = value === '' ? null : faultOfUrl(value);
    if (fault) wrong(field, fault);
    return value;
  };
  const tokenUrl = url('oauthTokenUrl', fields.tokenUrl, known.tokenUrl(tenant));
  if (tokenUrl === '') {
    wrong('oauthTokenUrl', t`the address of the token endpoint is missing`, t`The provider documents it.`);
  }
  if (fields.clientId === '' && grant !== 'service_account') {
    wrong(
      'oauthClientId',
      t`the id of the registered app is missing`,
      t`Register an app at the provider, and fill in its client id.`,
    );
  }
  if (grant === 'client_credentials' && fields.clientSecret === '') {
    wrong('clientSecret', t`the secret of the app is missing`, t`Make one at the provider and fill it in.`);
  }
  if (user === '') {
    wrong(
      'username',
      t`the address of the mailbox is missing`,
      t`OAuth2 needs to know whose mailbox the token is for.`,
    );
  }
  let serviceAccount: ServiceAccount | null = null;
  if (grant === 'service_account') {
    const read = readServiceAccount(fields.serviceAccountKey);
    if (typeof read === 'string') {
      wrong('serviceAccountKey', read, t`Paste the whole text of the JSON key file of the service account.`);
    } else serviceAccount = read;
  }
  const settings: OAuthSettings = {
    provider,
    grant,
    clientId: fields.clientId,
    clientSecret: fields.clientSecret,
    scope: fields.scope || (known.scopes[grant] ?? ''),
    tokenUrl,
    authUrl: url('oauthAuthUrl', fields.authUrl, known.authUrl(tenant)),
    deviceUrl: url('oauthDeviceUrl', fields.deviceUrl, known.deviceUrl(tenant)),
    refreshToken: grant === 'authorization_code' ? fields.refreshToken : '',
    serviceAccount,
    user,
  };
  return { settings, errors };
}

/** The error of a connector that nobody signed in for yet; null when a token can be asked for. */
export function notSignedIn({ grant, refreshToken }: OAuthSettings): MailError | null {
  if (grant !== 'authorization_code' || refreshToken !== '') return null;
  return new MailError('CONFIG', t`refreshToken: nobody has signed in to the mailbox yet`, {
    field: 'refreshToken',
    hint: t`Sign in in the dialog of the connector, or paste a refresh token, and deploy.`,
  });
}

function checkTenant(tenant: string, grant: Grant, wrong: (field: string, message: string) => void): void {
  if (!/^[A-Za-z0-9.-]{1,255}$/.test(tenant)) {
    wrong('oauthTenant', t`"${tenant}" is neither the id nor a domain of a tenant`);
  } else if (grant === 'client_credentials' && /^(?:organizations|consumers|common)$/i.test(tenant)) {
    wrong('oauthTenant', t`client_credentials needs the id or a domain of your tenant, and not "${tenant}"`);
  }
}

/** Why an address can not be that of an endpoint: secrets would travel in clear text. */
function faultOfUrl(text: string): string | null {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return t`"${text}" is not the address of a web page`;
  }
  if (url.username !== '' || url.password !== '') return t`an address with a password in it is not used`;
  if (url.protocol === 'https:') return null;
  if (url.protocol === 'http:' && isThisMachine(hostOf(url))) return null;
  return t`"${text}" must begin with https:// (http:// only to this machine)`;
}

/** IPv6 without brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

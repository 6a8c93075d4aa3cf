/**
 * What is known of the providers: their endpoints, the scopes that open SMTP, and the grants that they give for it.
 * Microsoft: "Authenticate an IMAP, POP or SMTP connection using OAuth" and the pages of the identity platform on each flow.
 * Google: "Using OAuth 2.0 to Access Google APIs" and "OAuth 2.0 Mechanism" (Gmail).
 */
export type ProviderName = 'microsoft' | 'google' | 'other';

export type Grant = 'authorization_code' | 'client_credentials' | 'service_account';

export interface Provider {
  /** Empty where the user has to say it. */
  authUrl: (tenant: string) => string;
  tokenUrl: (tenant: string) => string;
  /** Empty where there is no device code flow for mail. */
  deviceUrl: (tenant: string) => string;
  /** The scope of each grant that the provider has; `other` takes any. */
  scopes: Partial<Record<Grant, string>>;
  /** What the authorization request needs besides, to give a refresh token. */
  authParameters: Readonly<Record<string, string>>;
  /** Whether a refresh request repeats the scope. */
  scopeAtRefresh: boolean;
}

const NONE = () => '';

/** The v2.0 endpoints of the Microsoft identity platform. */
const microsoft = (endpoint: string) => (tenant: string) =>
  `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/${endpoint}`;

export const PROVIDERS: Readonly<Record<ProviderName, Provider>> = {
  microsoft: {
    authUrl: microsoft('authorize'),
    tokenUrl: microsoft('token'),
    deviceUrl: microsoft('devicecode'),
    scopes: {
      authorization_code: 'https://outlook.office.com/SMTP.Send offline_access',
      // Asking for SMTP.SendAsApp by name is answered with invalid_scope.
      client_credentials: 'https://outlook.office365.com/.default',
    },
    authParameters: {},
    scopeAtRefresh: true,
  },
  google: {
    authUrl: () => 'https://accounts.google.com/o/oauth2/v2/auth',
    tokenUrl: () => 'https://oauth2.googleapis.com/token',
    // "OAuth 2.0 for TV and Limited-Input Device Applications": mail is not among the scopes that the flow allows.
    deviceUrl: NONE,
    scopes: {
      authorization_code: 'https://mail.google.com/',
      service_account: 'https://mail.google.com/',
    },
    // Without both there is no refresh token from the second sign-in on.
    authParameters: { access_type: 'offline', prompt: 'consent' },
    scopeAtRefresh: false,
  },
  other: {
    authUrl: NONE,
    tokenUrl: NONE,
    deviceUrl: NONE,
    scopes: { authorization_code: '', client_credentials: '', service_account: '' },
    authParameters: {},
    scopeAtRefresh: false,
  },
};

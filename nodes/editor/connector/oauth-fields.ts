/** Which fields of the login belong to which choice. */

export interface LoginChoice {
  authType: string;
  oauthProvider: string;
  oauthGrant: string;
}

/** The fields that a login needs; the others are hidden and keep their values. */
export function fieldsFor({ authType, oauthProvider, oauthGrant }: LoginChoice): Set<string> {
  if (authType !== 'oauth2') return new Set(['password']);
  const fields = ['oauthProvider', 'oauthGrant', 'oauthScope', 'oauthTokenUrl'];
  if (oauthProvider === 'microsoft') fields.push('oauthTenant');
  if (oauthGrant === 'service_account') fields.push('serviceAccountKey');
  else fields.push('oauthClientId', 'clientSecret');
  if (oauthGrant === 'authorization_code') {
    fields.push('refreshToken', 'oauthAuthUrl', 'signIn');
    // Google has no sign-in by code for mail.
    if (oauthProvider !== 'google') fields.push('oauthDeviceUrl', 'signInByCode');
  }
  return new Set(fields);
}

/** The grants that a provider gives for mail, the usual one first. */
export function grantsOf(provider: string): string[] {
  switch (provider) {
    case 'microsoft':
      return ['authorization_code', 'client_credentials'];
    case 'google':
      return ['authorization_code', 'service_account'];
    default:
      return ['authorization_code', 'client_credentials', 'service_account'];
  }
}

/** What is left of a time as minutes and seconds. */
export function timeLeft(ms: number): string {
  const seconds = Math.max(Math.ceil(ms / 1000), 0);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** The address at which somebody signs in, and what belongs to it (RFC 6749 section 4.1, RFC 7636). */
import { library } from './endpoint';
import { PROVIDERS } from './providers';
import type { OAuthSettings } from './settings';

export interface Authorization {
  /** For the browser. */
  address: string;
  /** Comes back with the code; good for this sign-in alone. */
  state: string;
  /** Proves at the token endpoint that the code is ours. */
  verifier: string;
}

/** Begins a sign-in that ends at `redirectUri`, which must be registered with the app at the provider. */
export async function authorize(settings: OAuthSettings, redirectUri: string): Promise<Authorization> {
  const oauth = await library();
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const address = new URL(settings.authUrl);
  const parameters = {
    response_type: 'code',
    client_id: settings.clientId,
    redirect_uri: redirectUri,
    ...(settings.scope === '' ? {} : { scope: settings.scope }),
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    // Not somebody who happens to be signed in: that of the mailbox, or who may use it.
    login_hint: settings.user,
    ...PROVIDERS[settings.provider].authParameters,
  };
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
  return { address: address.href, state, verifier };
}

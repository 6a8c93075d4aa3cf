/**
 * The requests to the endpoints of a provider. oauth4webapi builds and judges them by the standards; it is an ES module, and
 * only a connector with OAuth2 loads it.
 */
import type * as OAuth from 'oauth4webapi' with { 'resolution-mode': 'import' };
import { createSecretsMask } from './secrets-mask';
import { post, type Answer, type Network } from './http';
import { PROVIDERS } from './providers';
import { assertionFor } from './service-account';
import type { OAuthSettings } from './settings';
import { refusalOf, TokenError } from './token-error';

/** What a token endpoint gave. */
export interface Issued {
  accessToken: string;
  /** Its life, ms. */
  life: number;
  /** A new refresh token, when one came. */
  refreshToken: string | null;
  /** What the token is for, when the provider says it. */
  scope: string | null;
}

/** A code with which somebody signs in on another device (RFC 8628). */
export interface DeviceCode {
  deviceCode: string;
  userCode: string;
  verificationUri: string;
  /** ms. */
  life: number;
  interval: number;
}

/** ms, for answers that do not tell it: an access token of most providers lasts an hour. */
const USUAL_LIFE = 3_600_000;

/** A life is not believed to be longer, ms. */
const MAX_LIFE = 86_400_000;

/** RFC 8628 section 3.5. */
const USUAL_INTERVAL = 5_000;

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

let loading: Promise<typeof OAuth> | null = null;

/** The library, loaded with the first call. */
export function library(): Promise<typeof OAuth> {
  loading ??= import('oauth4webapi');
  return loading;
}

/** Asks for a token with a refresh token. Rejects with a TokenError. */
export function refresh(settings: OAuthSettings, refreshToken: string, network: Network): Promise<Issued> {
  const scope: Record<string, string> =
    PROVIDERS[settings.provider].scopeAtRefresh && settings.scope !== '' ? { scope: settings.scope } : {};
  return issue(settings, network, [refreshToken], ({ oauth, as, client, auth, options }) =>
    oauth.refreshTokenGrantRequest(as, client, auth, refreshToken, {
      ...options,
      additionalParameters: scope,
    }),
  );
}

/** Asks for a token that the app gets for itself, or a service account for a mailbox. Rejects with a TokenError. */
export function unattended(settings: OAuthSettings, network: Network, now: number): Promise<Issued> {
  const { serviceAccount, scope, user, tokenUrl } = settings;
  if (!serviceAccount) {
    return issue(settings, network, [], ({ oauth, as, client, auth, options }) =>
      oauth.clientCredentialsGrantRequest(as, client, auth, scope === '' ? {} : { scope }, options),
    );
  }
  const assertion = assertionFor(serviceAccount, { user, scope, audience: tokenUrl }, now);
  return issue(settings, network, [assertion], ({ oauth, as, client, options }) =>
    // The assertion says who asks.
    oauth.genericTokenEndpointRequest(as, client, () => undefined, JWT_BEARER, { assertion }, options),
  );
}

/** Turns the code that a sign-in ended with into tokens. Rejects with a TokenError. */
export function exchangeCode(
  settings: OAuthSettings,
  { code, verifier, redirectUri }: { code: string; verifier: string; redirectUri: string },
  network: Network,
): Promise<Issued> {
  return issue(settings, network, [code, verifier], ({ oauth, as, client, auth, options }) => {
    const callback = oauth.validateAuthResponse(
      as,
      client,
      new URLSearchParams({ code }),
      oauth.skipStateCheck,
    );
    return oauth.authorizationCodeGrantRequest(as, client, auth, callback, redirectUri, verifier, options);
  });
}

/** Begins a sign-in on another device. Rejects with a TokenError. */
export async function askForDeviceCode(settings: OAuthSettings, network: Network): Promise<DeviceCode> {
  const { scope, deviceUrl } = settings;
  const answer = await ask(settings, network, [], deviceUrl, ({ oauth, as, client, auth, options }) =>
    oauth.deviceAuthorizationRequest(as, client, auth, scope === '' ? {} : { scope }, options),
  );
  const { oauth, as, client } = answer;
  const given = await judged(deviceUrl, () =>
    oauth.processDeviceAuthorizationResponse(as, client, answer.response),
  );
  return {
    deviceCode: given.device_code,
    userCode: given.user_code,
    verificationUri: given.verification_uri,
    life: lifeOf(given.expires_in),
    interval: given.interval ? given.interval * 1000 : USUAL_INTERVAL,
  };
}

/** Asks whether somebody has signed in with a device code; a TokenError says `authorization_pending` until then. */
export function redeemDeviceCode(
  settings: OAuthSettings,
  deviceCode: string,
  network: Network,
): Promise<Issued> {
  return issue(settings, network, [deviceCode], ({ oauth, as, client, auth, options }) =>
    oauth.deviceCodeGrantRequest(as, client, auth, deviceCode, options),
  );
}

interface Parts {
  oauth: typeof OAuth;
  as: OAuth.AuthorizationServer;
  client: OAuth.Client;
  auth: OAuth.ClientAuth;
  options: OAuth.TokenEndpointRequestOptions;
}

/** Makes a request; `secrets` are those of the request besides that of the client. */
async function ask(
  settings: OAuthSettings,
  network: Network,
  secrets: string[],
  address: string,
  request: (parts: Parts) => Promise<Response>,
): Promise<Parts & { response: Response }> {
  const oauth = await library();
  const { clientId, clientSecret } = settings;
  let answer: Answer | undefined;
  const parts: Parts = {
    oauth,
    as: { issuer: new URL(address).origin, ...endpoints(settings) },
    client: { client_id: clientId || 'none' },
    auth: clientSecret === '' ? oauth.None() : oauth.ClientSecretPost(clientSecret),
    options: {
      // Which addresses may be without TLS was decided when the settings were read.
      [oauth.allowInsecureRequests]: true,
      [oauth.customFetch]: async (url, { headers, body }) => {
        answer = await post(url, headers, String(body), network);
        return asResponse(answer);
      },
    },
  };
  const response = await request(parts);
  if (!answer || answer.status !== 200) {
    const mask = createSecretsMask();
    mask.add(clientSecret, ...secrets);
    throw refusalOf(new URL(address).host, answer ?? { status: 0, body: '', retryAfter: null }, mask.hide);
  }
  return { ...parts, response };
}

async function issue(
  settings: OAuthSettings,
  network: Network,
  secrets: string[],
  request: (parts: Parts) => Promise<Response>,
): Promise<Issued> {
  const { tokenUrl } = settings;
  const { oauth, as, client, response } = await ask(settings, network, secrets, tokenUrl, request);
  const given = await judged(tokenUrl, () => oauth.processGenericTokenEndpointResponse(as, client, response));
  return {
    accessToken: given.access_token,
    life: lifeOf(given.expires_in),
    refreshToken: given.refresh_token ?? null,
    scope: given.scope ?? null,
  };
}

function endpoints({ tokenUrl, authUrl, deviceUrl }: OAuthSettings): Partial<OAuth.AuthorizationServer> {
  return {
    token_endpoint: tokenUrl,
    ...(authUrl === '' ? {} : { authorization_endpoint: authUrl }),
    ...(deviceUrl === '' ? {} : { device_authorization_endpoint: deviceUrl }),
  };
}

/** An answer that the standards do not allow; the library's words may quote it and are not shown. */
async function judged<T>(address: string, judge: () => Promise<T>): Promise<T> {
  try {
    return await judge();
  } catch {
    throw new TokenError('malformed', `${new URL(address).host}: the answer is not that of a token endpoint`);
  }
}

/**
 * The answer as the library wants it. An id token is left out: nobody asked for it, and the names in it could not be checked
 * without the provider's metadata.
 */
function asResponse({ status, body }: Answer): Response {
  let text = body;
  try {
    const fields = JSON.parse(body) as Record<string, unknown> | null;
    if (typeof fields === 'object' && fields !== null && 'id_token' in fields) {
      delete fields['id_token'];
      text = JSON.stringify(fields);
    }
  } catch {
    // The library says what is wrong with it.
  }
  // Response takes no others; what is not 200 is judged by its body alone.
  const shown = status >= 200 && status <= 599 ? status : 502;
  const empty = [204, 205, 304].includes(shown);
  return new Response(empty ? null : text, {
    status: shown,
    headers: { 'content-type': 'application/json' },
  });
}

function lifeOf(seconds: number | undefined): number {
  if (seconds === undefined) return USUAL_LIFE;
  return Math.min(seconds * 1000, MAX_LIFE);
}

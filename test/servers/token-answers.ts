/**
 * What the token endpoints of Microsoft and Google answer when they refuse, as their documents and users quote it: the error
 * codes of the Microsoft identity platform, and "OAuth 2.0 for Web Server Applications" and "… Server to Server" of Google.
 */
export interface Refusal {
  status: number;
  body: Record<string, unknown>;
}

function microsoft(status: number, error: string, code: number, words: string): Refusal {
  const trace =
    ' Trace ID: 0000aaaa-11bb-cccc-dd22-eeeeee333333 Correlation ID: aaaa0000-bb11-2222-33cc-444444dddddd Timestamp: 2026-11-27 06:44:20Z';
  return {
    status,
    body: {
      error,
      error_description: `AADSTS${code}: ${words}${trace}`,
      error_codes: [code],
      timestamp: '2026-11-27 06:44:20Z',
      trace_id: '0000aaaa-11bb-cccc-dd22-eeeeee333333',
      correlation_id: 'aaaa0000-bb11-2222-33cc-444444dddddd',
      error_uri: `https://login.microsoftonline.com/error?code=${code}`,
    },
  };
}

const google = (status: number, error: string, words?: string): Refusal => ({
  status,
  body: { error, ...(words === undefined ? {} : { error_description: words }) },
});

const APP = "'535fb089-9ff3-47b6-9bfb-4f1264799865'";

export const MICROSOFT = {
  wrongSecret: microsoft(
    401,
    'invalid_client',
    7000215,
    `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app ${APP}.`,
  ),
  expiredSecret: microsoft(
    401,
    'invalid_client',
    7000222,
    `The provided client secret keys for app ${APP} are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret.`,
  ),
  noSecret: microsoft(
    401,
    'invalid_client',
    7000218,
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
  ),
  unknownApp: microsoft(
    400,
    'unauthorized_client',
    700016,
    `Application with identifier ${APP} was not found in the directory 'Contoso'.`,
  ),
  noConsent: microsoft(
    400,
    'invalid_grant',
    65001,
    `The user or administrator has not consented to use the application with ID ${APP} named 'Alerts'. Send an interactive authorization request for this user and resource.`,
  ),
  revoked: microsoft(
    400,
    'invalid_grant',
    50173,
    'The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.',
  ),
  inactive: microsoft(
    400,
    'invalid_grant',
    700082,
    'The refresh token has expired due to inactivity. The token was issued on 2026-07-31T08:00:26.4486159Z and was inactive for 90.00:00:00.',
  ),
  conditionalAccess: microsoft(
    400,
    'invalid_grant',
    53003,
    'Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.',
  ),
  unknownTenant: microsoft(
    400,
    'invalid_request',
    90002,
    "Tenant 'contoso.example' not found. Check to make sure you have the correct tenant ID.",
  ),
  badScope: microsoft(
    400,
    'invalid_scope',
    70011,
    "The provided value for the input parameter 'scope' isn't valid. The scope https://outlook.office365.com/SMTP.SendAsApp isn't valid.",
  ),
} as const;

export const GOOGLE = {
  revoked: google(400, 'invalid_grant', 'Token has been expired or revoked.'),
  wrongSecret: google(401, 'invalid_client', 'Unauthorized'),
  unknownClient: google(401, 'invalid_client', 'The OAuth client was not found.'),
  deletedClient: google(401, 'deleted_client', 'The OAuth client was deleted.'),
  noSecret: google(400, 'invalid_request', 'client_secret is missing.'),
  noDelegation: google(
    401,
    'unauthorized_client',
    'Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.',
  ),
  clock: google(
    400,
    'invalid_grant',
    'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.',
  ),
  badSignature: google(400, 'invalid_grant', 'Invalid JWT Signature.'),
  unknownMailbox: google(400, 'invalid_grant', 'Invalid email or User ID'),
  adminPolicy: google(
    400,
    'admin_policy_enforced',
    'Access to your account data is restricted by policies within your organization.',
  ),
} as const;

/** What a device code is answered with until somebody signs in, and after (RFC 8628 section 3.5). */
export const DEVICE = {
  pending: microsoft(
    400,
    'authorization_pending',
    70016,
    'OAuth 2.0 device flow error. Authorization is pending. Continue polling.',
  ),
  slowDown: google(400, 'slow_down'),
  declined: google(400, 'authorization_declined', 'AADSTS70000: The user declined the request.'),
  expired: microsoft(
    400,
    'expired_token',
    70020,
    'The provided value for the input parameter device_code is not valid. This device code has expired.',
  ),
} as const;

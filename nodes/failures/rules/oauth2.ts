/**
 * Why there is no access token. Until somebody acts the account waits; what is only down is tried again. Codes: "Microsoft Entra authentication and authorization error codes" (Microsoft may change them: what is not known
 * here is told in its own words), "Using OAuth 2.0 to Access Google APIs", RFC 6749 section 5.2.
 */
import { N_ } from '../../language/text';
import { account, type Conditions, type Rule } from '../rule';
import * as WAIT from '../waits';

/** No token: the error is one of nodes/oauth2/token-error.ts. */
const none = (original: Conditions['original'], text?: RegExp): Conditions => ({
  code: 'EOAUTH2',
  ...(original === undefined ? {} : { original }),
  ...(text === undefined ? {} : { text }),
});

const example = (originalCode: string, message: string) => ({ code: 'EOAUTH2', originalCode, message });

const held = account('OAUTH2', WAIT.HOLD);

const UNREACHABLE: readonly Rule[] = [
  {
    example: example('unavailable', 'login.microsoftonline.com: HTTP 503'),
    when: none('unavailable'),
    then: account('OAUTH2'),
    what: N_('The token endpoint gives no access token for now'),
    retried: true,
  },
  {
    example: example('timeout', 'login.microsoftonline.com: no answer within 20 s'),
    when: none(['timeout', 'unreachable', 'aborted']),
    then: account('OAUTH2'),
    what: N_('The token endpoint was not reached'),
    retried: true,
    hint: N_('If it stays, check the network of this machine, the proxy and oauthTokenUrl.'),
  },
  {
    example: example('certificate', 'login.example.com: self-signed certificate'),
    when: none('certificate'),
    then: held,
    what: N_('The certificate of the token endpoint is not trusted'),
    hint: N_('Check oauthTokenUrl, and add the CA of your own in the TLS configuration.'),
  },
  {
    example: example('malformed', 'login.example.com: HTTP 404'),
    when: none('malformed'),
    then: account('OAUTH2'),
    what: N_('The answer is not that of a token endpoint'),
    retried: true,
    hint: N_('If it stays, check oauthTokenUrl; the page of a guest network answers like this too.'),
  },
  {
    example: example('storage', 'ENOSPC: no space left on device, write'),
    when: none('storage'),
    then: account('STORAGE'),
    what: N_('The new refresh token could not be stored'),
    retried: true,
    hint: N_('Free disk space, and check the permissions of the folder email-outbox.'),
  },
];

const APP: readonly Rule[] = [
  {
    example: example(
      'invalid_client',
      'invalid_client: AADSTS7000222: The provided client secret keys are expired.',
    ),
    when: none(undefined, /AADSTS7000222\b/),
    then: held,
    what: N_('The client secret has expired'),
    hint: N_('Make a new client secret for the app at the provider, and fill its value in.'),
  },
  {
    example: example(
      'invalid_client',
      "invalid_client: AADSTS7000218: The request body must contain: 'client_assertion' or 'client_secret'.",
    ),
    when: none(undefined, /AADSTS7000218\b|client_secret is missing/i),
    then: held,
    what: N_('The provider wants the client secret'),
    hint: N_(
      'Fill in the client secret of the app. An app of Microsoft without one needs "Allow public client flows" in its settings.',
    ),
  },
  {
    example: example(
      'invalid_request',
      'invalid_request: AADSTS700025: Client is public so no secret is wanted.',
    ),
    when: none(undefined, /AADSTS700025\b/),
    then: held,
    what: N_('The app has no client secret, and one was sent'),
    hint: N_('Clear the field of the client secret.'),
  },
  {
    example: example(
      'unauthorized_client',
      "unauthorized_client: AADSTS700016: Application 'x' was not found.",
    ),
    when: none(undefined, /AADSTS700016\b|OAuth client was (?:not found|deleted)/i),
    then: held,
    what: N_('The provider does not know the app'),
    hint: N_(
      'Check oauthClientId and oauthTenant: the app must be registered, or have consent, in that tenant.',
    ),
  },
  {
    example: example('invalid_request', "invalid_request: AADSTS90002: Tenant 'contoso.example' not found."),
    when: none(undefined, /AADSTS9000(?:2|23)\b/),
    then: held,
    what: N_('The provider does not know the tenant'),
    hint: N_('Check oauthTenant: the id or a domain of your organization at Microsoft.'),
  },
  {
    example: example('invalid_client', 'invalid_client: AADSTS7000215: Invalid client secret provided.'),
    when: none('invalid_client'),
    then: held,
    what: N_('The provider refused the client secret'),
    hint: N_('Fill in the value of the client secret, not its id, of the app that oauthClientId names.'),
  },
];

const PERMISSION: readonly Rule[] = [
  {
    example: example(
      'invalid_grant',
      'invalid_grant: AADSTS65001: The user or administrator has not consented.',
    ),
    when: none(
      undefined,
      /AADSTS(?:65001|65004|90094|90008)\b|^(?:consent_required|admin_policy_enforced|access_denied)\b/,
    ),
    then: held,
    what: N_('The consent for the app is missing'),
    hint: N_('Sign in again in the dialog and consent, or let an administrator grant it for the app.'),
  },
  {
    example: example(
      'invalid_grant',
      'invalid_grant: AADSTS53003: Access has been blocked by Conditional Access.',
    ),
    when: none(undefined, /AADSTS(?:5300[0-4]|50005|50076|50079|50158|50078|700043|70043)\b/),
    then: held,
    what: N_('A rule of the organization blocks the sign-in'),
    hint: N_('Let an administrator except this app or mailbox from Conditional Access, or sign in again.'),
  },
  {
    example: example(
      'unauthorized_client',
      'unauthorized_client: Client is unauthorized to retrieve access tokens.',
    ),
    when: none('unauthorized_client', /unauthorized to retrieve access tokens/i),
    then: held,
    what: N_('The service account may not act for the mailbox'),
    hint: N_(
      'In the admin console of Google Workspace, give the client id of the service account domain-wide delegation for the scope https://mail.google.com/.',
    ),
  },
  {
    example: example('unauthorized_client', 'unauthorized_client: AADSTS700051: the grant is not enabled.'),
    when: none(['unauthorized_client', 'unsupported_grant_type']),
    then: held,
    what: N_('The provider does not let the app ask for tokens in this way'),
    hint: N_('Check oauthGrant, and the settings of the app at the provider.'),
  },
  {
    example: example('invalid_scope', "invalid_scope: AADSTS70011: The scope SMTP.SendAsApp isn't valid."),
    when: none('invalid_scope'),
    then: held,
    what: N_('The provider does not know the scope'),
    hint: N_('Leave oauthScope empty for Microsoft and Google; elsewhere the provider documents it.'),
  },
];

const REFRESH_TOKEN: readonly Rule[] = [
  {
    example: example('invalid_grant', 'invalid_grant: Invalid JWT: Token must be a short-lived token.'),
    when: none('invalid_grant', /Invalid JWT: Token must be|reasonable timeframe/i),
    then: held,
    what: N_('The clock of this machine is wrong'),
    hint: N_('Set the clock, best by NTP: the statement of a service account counts for a few minutes.'),
  },
  {
    example: example('invalid_grant', 'invalid_grant: Invalid JWT Signature.'),
    when: none('invalid_grant', /Invalid JWT|account not found/i),
    then: held,
    what: N_('The provider refused the key of the service account'),
    hint: N_('The key may be deleted: make a new key file at Google Cloud and paste it.'),
  },
  {
    example: example('invalid_grant', 'invalid_grant: Invalid email or User ID'),
    when: none('invalid_grant', /Invalid email or User ID/i),
    then: held,
    what: N_('The provider does not know the mailbox'),
    hint: N_('The username must be the address of a user of the domain, not an alias or a group.'),
  },
  {
    example: example(
      'invalid_grant',
      'invalid_grant: AADSTS700082: The refresh token has expired due to inactivity.',
    ),
    when: none(['invalid_grant', 'interaction_required', 'login_required', 'expired_token']),
    then: held,
    what: N_('The sign-in has ended'),
    hint: N_(
      'Sign in again in the dialog of the connector. If it ends after 7 days each time, the app at Google is in the status "Testing": publish it or make it "Internal".',
    ),
  },
];

export const OAUTH2_RULES: readonly Rule[] = [
  ...UNREACHABLE,
  ...APP,
  ...PERMISSION,
  ...REFRESH_TOKEN,
  {
    example: example(
      'invalid_resource',
      'invalid_resource: AADSTS500011: The resource principal was not found.',
    ),
    when: none(undefined),
    then: held,
    what: N_('The provider gives no access token'),
    hint: N_(
      'Its code says why: look it up in its documents, for AADSTS at login.microsoftonline.com/error.',
    ),
  },
];

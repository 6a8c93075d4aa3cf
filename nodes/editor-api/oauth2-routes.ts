/** The routes with which somebody signs in to a mailbox from the dialog, for connectors that are deployed or not. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeAPI } from 'node-red';
import { readConnectorFields, type ConnectorFields } from '../connector/config';
import { readTokenAccount, tokenFailure } from '../connector/login';
import { tokenAccounts } from '../connector/process-wide';
import { explanation } from '../language/explanation';
import { inLanguage, matchLanguage } from '../language/language';
import { t } from '../language/text';
import { createSignIns, type Progress, type SignInRequest } from '../oauth2/sign-in';
import { TokenError } from '../oauth2/token-error';
import { readSettings } from '../properties/settings';
import { MailError, type ErrorSummary } from '../types';
import { UNCHANGED } from '../connection-test/stored-password';
import { readFields, readSecret, readText } from './body';
import { aroundConnector, deployedFields, vaultOf } from './deployed';
import { badRequest } from './errors';
import { callbackPage } from './oauth2-page';
import type { Route } from './route';
import { replaceWhole } from './variables';

/** Where the provider sends the browser back to, below httpAdminRoot; it is registered with the app. */
export const CALLBACK = '/email-server-connector/oauth2/callback';

const WRITE = 'email-server-connector.write';

/** The fields of a body that are those of a connector. */
const FIELDS = [
  'oauthProvider',
  'oauthTenant',
  'oauthClientId',
  'oauthScope',
  'oauthAuthUrl',
  'oauthTokenUrl',
  'oauthDeviceUrl',
];

/** The routes of the dialog, and the page that the browser comes back to; to be called once for each load of the node. */
export function signInRoutes(RED: NodeAPI): Route[] {
  const signIns = createSignIns(Date.now, (ms) => sleep(ms, undefined, { ref: false }));
  registerCallback(RED, (parameters) => signIns.comeBack(parameters));
  const request = (id: string, body: unknown, user: string) => readRequest(RED, id, body, user);
  return [
    {
      method: 'post',
      path: '/email-server-connector/:id/oauth2/browser',
      permission: WRITE,
      act: (id, body, { user }) => told(() => signIns.browser(request(id, body, user), readRedirect(body))),
    },
    {
      method: 'post',
      path: '/email-server-connector/:id/oauth2/device',
      permission: WRITE,
      act: (id, body, { user }) =>
        told(() => {
          const asked = request(id, body, user);
          if (asked.settings.deviceUrl === '') {
            throw new MailError('BAD_REQUEST', t`The provider has no sign-in by code for mail`, {
              hint: t`Sign in in the browser.`,
            });
          }
          return signIns.device(asked);
        }),
    },
    {
      method: 'post',
      path: '/email-server-connector/:id/oauth2/progress',
      permission: WRITE,
      act: (id, body, { user }) => {
        const signIn = readText(readFields(t`The body`, body), 'signIn');
        return shown(known(signIns.progress(signIn, { connector: id, user })));
      },
    },
    {
      // For who can not be sent back here: the address that the browser shows in the end is pasted into the dialog.
      method: 'post',
      path: '/email-server-connector/:id/oauth2/address',
      permission: WRITE,
      act: async (id, body, { user }) => {
        const fields = readFields(t`The body`, body);
        const owner = { connector: id, user };
        const signIn = readText(fields, 'signIn');
        known(signIns.progress(signIn, owner));
        await signIns.comeBack(parametersOf(readText(fields, 'address')));
        return shown(known(signIns.progress(signIn, owner)));
      },
    },
  ];
}

/** Without a permission: the browser comes from the provider. All that it can do rests on the state in its address. */
function registerCallback(
  RED: NodeAPI,
  comeBack: (parameters: URLSearchParams) => Promise<Progress | false>,
): void {
  interface Request {
    url: string;
    headers: { 'accept-language'?: string };
  }
  interface Response {
    status(code: number): Response;
    set(headers: Record<string, string>): Response;
    send(page: string): unknown;
  }
  RED.httpAdmin.get(CALLBACK, (request: Request, response: Response) => {
    void inLanguage(matchLanguage(request.headers['accept-language']), async () => {
      const progress = await comeBack(parametersOf(request.url)).catch((): false => false);
      const { status, headers, html } = callbackPage(progress === false ? null : shown(progress));
      response.status(status).set(headers).send(html);
    });
  });
}

/** The progress, if the sign-in is there and belongs to who asks. */
function known(progress: Progress | null): Progress {
  if (progress) return progress;
  throw new MailError('NOT_FOUND', t`This sign-in has ended`, { hint: t`Begin another one.` });
}

function parametersOf(address: string): URLSearchParams {
  return new URLSearchParams(/\?([^#]*)/.exec(address)?.[1] ?? address);
}

/** Runs what asks the provider; its refusal is told with what to do. */
async function told<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    const { message, hint } = summaryOf(error);
    throw new MailError('OAUTH2', message, hint === undefined ? {} : { hint });
  }
}

function shown(progress: Progress): { state: string; refreshToken?: string; error?: ErrorSummary } {
  return progress.state === 'failed' ? { state: 'failed', error: summaryOf(progress.error) } : progress;
}

function summaryOf(error: Error): ErrorSummary {
  const { code, message, hint } = tokenFailure(error);
  return { code, message, ...(hint === undefined ? {} : { hint }) };
}

function readRequest(RED: NodeAPI, id: string, body: unknown, user: string): SignInRequest {
  const given = readFields(t`The body`, body);
  const { env, tlsMaterial } = aroundConnector(RED, id);
  const text = (name: string) => replaceWhole(readText(given, name, ''), env);
  const secret = replaceWhole(readSecret(given, 'clientSecret'), env);
  const { fields, errors } = readConnectorFields(
    {
      title: 'x',
      properties: text('properties'),
      ...Object.fromEntries(FIELDS.map((name) => [name, text(name)])),
    },
    { username: text('username'), clientSecret: secret === UNCHANGED ? '' : secret },
    env,
  );
  const { settings, errors: findings } = readSettings({
    properties: fields.properties,
    username: fields.username,
    password: '',
    oauth2: true,
    env,
    allowInsecureAuth: true,
    tlsNode: tlsMaterial(text('tls')),
  });
  const wrong = errors[0]?.message ?? findings[0]?.message;
  if (wrong !== undefined || !settings)
    throw new MailError('BAD_REQUEST', wrong ?? t`The properties are not usable`);
  const account = readTokenAccount(fields.oauth, settings, false);
  if ('error' in account) throw new MailError('BAD_REQUEST', explanation(account.error));
  if (secret === UNCHANGED) {
    account.settings.clientSecret = storedSecret(account.settings, deployedFields(RED, id));
  }
  return {
    connector: id,
    user,
    settings: account.settings,
    network: account.network,
    store: tokenAccounts.refreshTokens(id, vaultOf(RED)),
  };
}

/** The stored secret goes only where the deployed connector sends it: else whoever may edit could have it sent elsewhere. */
function storedSecret(
  { tokenUrl, deviceUrl, clientId }: SignInRequest['settings'],
  deployed: { fields: ConnectorFields; urls: string[] } | null,
): string {
  if (
    deployed?.fields.oauth.clientId === clientId &&
    [tokenUrl, deviceUrl].every((url) => url === '' || deployed.urls.includes(url))
  ) {
    return deployed.fields.oauth.clientSecret;
  }
  throw new MailError(
    'PASSWORD_NEEDED',
    t`The stored client secret is not used: the app or its endpoints changed since the deploy`,
    {
      hint: t`Type the client secret in, or deploy first.`,
    },
  );
}

/** The address of the callback as the browser sees this Node-RED. */
function readRedirect(body: unknown): string {
  const text = readText(readFields(t`The body`, body), 'redirectUri');
  try {
    const url = new URL(text);
    if (/^https?:$/.test(url.protocol) && url.pathname.endsWith(CALLBACK) && url.search + url.hash === '')
      return text;
  } catch {
    // As one that leads elsewhere.
  }
  throw badRequest('redirectUri', text, t`an address that ends in ${CALLBACK}`);
}

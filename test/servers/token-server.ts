/**
 * An authorization server that keeps the books: it gives tokens by every grant that the package knows, lets them expire, and
 * fails as a script says. A refresh token works once, or for ever: the old one ends when what was given for it is used.
 */
import { createHash, randomBytes, verify, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { goodCertificate, type KeyPair } from './certificates';
import { createJournal, type Journal } from './journal';
import { DEVICE, type Refusal } from './token-answers';

export interface TokenRequest {
  path: string;
  grant: string;
  params: Record<string, string>;
  headers: IncomingMessage['headers'];
  /** From 1. */
  number: number;
}

/** What happens instead of an answer. */
export interface TokenFault {
  /** Answers with this refusal. */
  refuse?: Refusal;
  status?: number;
  body?: string;
  headers?: Record<string, string>;
  /** ms before anything else. */
  delay?: number;
  /** Takes the request and never answers, or breaks the connection. */
  then?: 'stall' | 'rst';
  /** Sends bytes without end. */
  huge?: boolean;
}

export interface TokenServerOptions {
  /** Of an access token, s; default 3600. */
  life?: number;
  /** The life that it tells, s; default: what is true. */
  toldLife?: number;
  /** Whether each refresh gives a new refresh token, and the old one ends when the new tokens are used. */
  rotate?: boolean;
  clientId?: string;
  /** Null: a public client. */
  clientSecret?: string | null;
  /** Whose assertions are taken. */
  serviceAccount?: { email: string; key: KeyObject; user: string };
  /** Characters of an access token. */
  length?: number;
  security?: 'none' | 'tls';
  certificate?: KeyPair;
  script?: (request: TokenRequest) => TokenFault | undefined;
}

export interface TokenServer {
  url: string;
  host: string;
  port: number;
  tokenUrl: string;
  authUrl: string;
  deviceUrl: string;
  /** Assign to let it fail from now on. */
  script: (request: TokenRequest) => TokenFault | undefined;
  requests: Journal<TokenRequest>;
  /** Most requests that were being answered at the same time. */
  readonly mostAtOnce: number;
  /** Every access token given, in order. */
  accessTokens: string[];
  /** Every secret that this server has given: access and refresh tokens, codes. */
  secrets: string[];
  /** A refresh token as if somebody had signed in. */
  signedIn: () => string;
  /** Whether a refresh token would be taken. */
  knows: (refreshToken: string) => boolean;
  /** Whether a login with the token is good now; a good one ends the refresh token that came before. */
  accepts: (accessToken: string) => boolean;
  /** Lets all access tokens end now. */
  expireAll: () => void;
  /** Lets a refresh token end. */
  revoke: (refreshToken: string) => void;
  /** What a browser gets that signs in at the address: where it is sent. Throws when the request is not good. */
  signIn: (address: string) => URL;
  /** Somebody types the code in and signs in, or declines. */
  answerDevice: (userCode: string, how: 'approve' | 'decline') => void;
  close: () => Promise<void>;
}

interface AuthorizationCode {
  challenge: string;
  redirectUri: string;
}

const CLIENT = '535fb089-9ff3-47b6-9bfb-4f1264799865';

/** Starts it on 127.0.0.1. */
export async function startTokenServer(options: TokenServerOptions = {}): Promise<TokenServer> {
  const life = options.life ?? 3600;
  const clientId = options.clientId ?? CLIENT;
  const requests = createJournal<TokenRequest>('token requests', ({ grant, path }) => `${path} ${grant}`);
  const access = new Map<string, { endsAt: number; replaces: string | null }>();
  const refreshTokens = new Map<string, { replaces: string | null }>();
  const codes = new Map<string, AuthorizationCode>();
  const devices = new Map<string, { userCode: string; state: 'pending' | 'approve' | 'decline' }>();
  const accessTokens: string[] = [];
  const secrets: string[] = [];
  const sockets = new Set<Socket>();
  let open = 0;
  let mostAtOnce = 0;

  const secret = (kind: string, bytes = 24) => {
    const made = `${kind}${randomBytes(bytes).toString('base64url')}`;
    secrets.push(made);
    return made;
  };

  function issue(replaces: string | null, withRefresh: boolean): Record<string, unknown> {
    const size = Math.max(Math.ceil((((options.length ?? 40) - 3) * 3) / 4), 24);
    const token = secret('at-', size);
    accessTokens.push(token);
    access.set(token, { endsAt: Date.now() + life * 1000, replaces });
    const next = withRefresh ? secret('rt-') : null;
    if (next !== null) refreshTokens.set(next, { replaces });
    return {
      token_type: 'Bearer',
      scope: 'https://outlook.office.com/SMTP.Send',
      expires_in: options.toldLife ?? life,
      access_token: token,
      ...(next === null ? {} : { refresh_token: next }),
    };
  }

  /** The successor works: what it replaced does not any more. */
  function retire(token: { replaces: string | null }): void {
    if (options.rotate && token.replaces !== null) refreshTokens.delete(token.replaces);
    token.replaces = null;
  }

  const refusal = (error: string, words: string, status = 400): Refusal => ({
    status,
    body: { error, error_description: words },
  });

  function checkClient(params: Record<string, string>): Refusal | null {
    if (params['client_id'] !== clientId) return refusal('unauthorized_client', 'no such client');
    const wanted = options.clientSecret ?? null;
    if (wanted !== null && params['client_secret'] !== wanted)
      return refusal('invalid_client', 'wrong secret', 401);
    return null;
  }

  function answer({ grant, params, path }: TokenRequest): Refusal | Record<string, unknown> {
    if (grant === 'urn:ietf:params:oauth:grant-type:jwt-bearer')
      return answerAssertion(params['assertion'] ?? '');
    const wrong = checkClient(params);
    if (wrong) return wrong;
    if (path === '/devicecode') {
      const deviceCode = secret('dc-');
      const userCode = randomBytes(4).toString('hex').toUpperCase();
      devices.set(deviceCode, { userCode, state: 'pending' });
      return {
        device_code: deviceCode,
        user_code: userCode,
        verification_uri: `${server.url}/device`,
        expires_in: 900,
        interval: 1,
        message: `Open ${server.url}/device and enter ${userCode}`,
      };
    }
    switch (grant) {
      case 'refresh_token': {
        const used = params['refresh_token'] ?? '';
        const known = refreshTokens.get(used);
        if (!known) return refusal('invalid_grant', 'Token has been expired or revoked.');
        retire(known);
        return issue(options.rotate ? used : null, options.rotate === true);
      }
      case 'client_credentials':
        if (!/\/\.default$/.test(params['scope'] ?? ''))
          return refusal('invalid_scope', 'not a .default scope');
        return issue(null, false);
      case 'authorization_code': {
        const code = codes.get(params['code'] ?? '');
        codes.delete(params['code'] ?? '');
        const challenge = createHash('sha256')
          .update(params['code_verifier'] ?? '')
          .digest('base64url');
        if (code?.challenge !== challenge || code.redirectUri !== params['redirect_uri']) {
          return refusal('invalid_grant', 'The code, its verifier or its redirect address is not good.');
        }
        return issue(null, true);
      }
      case 'urn:ietf:params:oauth:grant-type:device_code': {
        const device = devices.get(params['device_code'] ?? '');
        if (!device) return DEVICE.expired;
        if (device.state === 'pending') return DEVICE.pending;
        return device.state === 'approve' ? issue(null, true) : DEVICE.declined;
      }
      default:
        return refusal('unsupported_grant_type', grant);
    }
  }

  function answerAssertion(assertion: string): Refusal | Record<string, unknown> {
    const [header = '', payload = '', signature = ''] = assertion.split('.');
    const account = options.serviceAccount;
    const signed = Buffer.from(`${header}.${payload}`);
    if (!account || !verify('sha256', signed, account.key, Buffer.from(signature, 'base64url'))) {
      return refusal('invalid_grant', 'Invalid JWT Signature.');
    }
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    const now = Date.now() / 1000;
    if (
      Number(claims['iat']) > now + 1 ||
      Number(claims['exp']) < now ||
      Number(claims['exp']) > now + 3600
    ) {
      return refusal('invalid_grant', 'Invalid JWT: Token must be a short-lived token (60 minutes).');
    }
    if (claims['iss'] !== account.email || claims['aud'] !== server.tokenUrl)
      return refusal('invalid_grant', 'Invalid issuer.');
    if (claims['sub'] !== account.user || claims['scope'] !== 'https://mail.google.com/') {
      return refusal(
        'unauthorized_client',
        'Client is unauthorized to retrieve access tokens using this method.',
        401,
      );
    }
    return issue(null, false);
  }

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
    const params = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
    const path = (incoming.url ?? '').split('?')[0] ?? '';
    if (incoming.method === 'GET') {
      // Somebody who signs in without a word.
      if (path === '/authorize')
        response.writeHead(302, { Location: server.signIn(`${url}${incoming.url}`).href });
      response.end('<title>Sign in</title>');
      return;
    }
    const request: TokenRequest = {
      path,
      grant: params['grant_type'] ?? '',
      params,
      headers: incoming.headers,
      number: requests.items.length + 1,
    };
    open += 1;
    mostAtOnce = Math.max(mostAtOnce, open);
    response.once('close', () => (open -= 1));
    requests.add(request);
    const fault = server.script(request);
    if (fault?.delay) await sleep(fault.delay, undefined, { ref: false });
    if (fault?.then === 'stall') return;
    if (fault?.then === 'rst') {
      incoming.socket.resetAndDestroy();
      return;
    }
    const headers = {
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'no-store',
      ...fault?.headers,
    };
    if (fault?.huge) {
      response.writeHead(200, headers);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, ' ')));
      };
      response.on('drain', more);
      more();
      return;
    }
    if (fault?.status !== undefined || fault?.body !== undefined) {
      response.writeHead(fault.status ?? 200, headers).end(fault.body ?? '');
      return;
    }
    const given = fault?.refuse ?? answer(request);
    const refused = typeof given['status'] === 'number' && 'body' in given ? (given as Refusal) : null;
    if (refused?.status === 401) Object.assign(headers, { 'WWW-Authenticate': 'Bearer realm="token"' });
    response.writeHead(refused?.status ?? 200, headers).end(JSON.stringify(refused?.body ?? given));
  }

  const handler = (incoming: IncomingMessage, response: ServerResponse) =>
    void serve(incoming, response).catch(() => response.destroy());
  const tls = options.security === 'tls';
  const listener = tls
    ? createTlsServer({ ...(options.certificate ?? goodCertificate) }, handler)
    : createServer(handler);
  listener.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = listener.address() as AddressInfo;
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;

  const server: TokenServer = {
    url,
    host: '127.0.0.1',
    port,
    tokenUrl: `${url}/token`,
    authUrl: `${url}/authorize`,
    deviceUrl: `${url}/devicecode`,
    script: options.script ?? (() => undefined),
    requests,
    get mostAtOnce() {
      return mostAtOnce;
    },
    accessTokens,
    secrets,
    signedIn() {
      const token = secret('rt-');
      refreshTokens.set(token, { replaces: null });
      return token;
    },
    knows: (token) => refreshTokens.has(token),
    accepts(token) {
      const known = access.get(token);
      if (!known || known.endsAt <= Date.now()) return false;
      retire(known);
      return true;
    },
    expireAll() {
      for (const token of access.values()) token.endsAt = 0;
    },
    revoke: (token) => void refreshTokens.delete(token),
    signIn(address) {
      const { searchParams: asked, origin, pathname } = new URL(address);
      const say = (name: string) => asked.get(name) ?? '';
      if (origin + pathname !== server.authUrl) throw new Error(`not the sign-in of this server: ${address}`);
      if (say('response_type') !== 'code' || say('client_id') !== clientId)
        throw new Error('not a request for a code');
      if (say('code_challenge_method') !== 'S256' || say('code_challenge') === '')
        throw new Error('without PKCE');
      if (say('state').length < 20) throw new Error('without a state');
      const code = secret('code-');
      codes.set(code, { challenge: say('code_challenge'), redirectUri: say('redirect_uri') });
      const back = new URL(say('redirect_uri'));
      back.searchParams.set('code', code);
      back.searchParams.set('state', say('state'));
      return back;
    },
    answerDevice(userCode, how) {
      for (const device of devices.values()) if (device.userCode === userCode) device.state = how;
    },
    close: () =>
      new Promise((resolve) => {
        listener.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return server;
}

import assert from 'node:assert/strict';
import net from 'node:net';
import { createAccountTokens } from '../../nodes/oauth2/account-tokens';
import type { OAuthFields } from '../../nodes/oauth2/settings';
import { testAuthority, wrongNameCertificate } from '../servers/certificates';
import { closedAfterEach } from '../servers/closing';
import { startHttpProxy } from '../servers/proxies';
import { GOOGLE, MICROSOFT } from '../servers/token-answers';
import { startTokenServer, type TokenServer, type TokenServerOptions } from '../servers/token-server';
import { KEY_FILE, MAILBOX, memoryStore, SERVICE_ACCOUNT, settingsAt } from './oauth-fixture';

describe('the tokens of an account', () => {
  const opened = closedAfterEach();
  const serverWith = (options: TokenServerOptions = {}) => opened(startTokenServer(options));
  const tokensAt = (
    server: TokenServer,
    fields: Partial<OAuthFields>,
    store = memoryStore(),
    timeout = 2_000,
  ) => createAccountTokens({ settings: settingsAt(server, fields), network: { timeout }, store });

  it('come by a refresh token, of a public app and of one with a secret', async () => {
    for (const clientSecret of [null, 'a secret of the app']) {
      const server = await serverWith({ clientSecret });
      const tokens = tokensAt(server, { refreshToken: server.signedIn(), clientSecret: clientSecret ?? '' });
      assert.ok(server.accepts(await tokens.get()));
      const { params } = await server.requests.next();
      assert.equal(params['grant_type'], 'refresh_token');
      assert.equal(params['scope'], 'https://outlook.office.com/SMTP.Send offline_access');
      assert.equal(params['client_secret'], clientSecret ?? undefined);
    }
  });

  it('come by client credentials', async () => {
    const server = await serverWith({ clientSecret: 'a secret of the app' });
    const tokens = tokensAt(server, { grant: 'client_credentials', clientSecret: 'a secret of the app' });
    assert.ok(server.accepts(await tokens.get()));
    assert.equal((await server.requests.next()).params['scope'], 'https://outlook.office365.com/.default');
  });

  it('come by a service account, whose statement the server checks', async () => {
    const server = await serverWith({ serviceAccount: SERVICE_ACCOUNT });
    const tokens = tokensAt(server, {
      provider: 'google',
      grant: 'service_account',
      clientId: '',
      serviceAccountKey: KEY_FILE,
    });
    assert.ok(server.accepts(await tokens.get()));
    const { params } = await server.requests.next();
    assert.deepEqual(Object.keys(params).sort(), ['assertion', 'grant_type']);
    const [header = ''] = (params['assertion'] ?? '').split('.');
    assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url').toString()), {
      alg: 'RS256',
      typ: 'JWT',
      kid: '0123456789abcdef',
    });
  });

  it('keep a rotated refresh token before they are given, and go on with it', async () => {
    const server = await serverWith({ rotate: true });
    const store = memoryStore();
    const base = server.signedIn();
    const first = await tokensAt(server, { refreshToken: base }, store).get();
    const kept = store.kept.get(base);
    assert.ok(kept && kept !== base);
    assert.ok(server.accepts(first));
    // A restart: the first one does not work any more.
    assert.ok(server.accepts(await tokensAt(server, { refreshToken: base }, store).get()));
    assert.equal(server.requests.items[1]?.params['refresh_token'], kept);
    assert.notEqual(store.kept.get(base), kept);
  });

  it('are not given before the refresh token could be kept, which is tried again without a new request', async () => {
    const server = await serverWith({ rotate: true });
    const store = memoryStore();
    const { save } = store;
    store.save = () => Promise.reject(new Error('ENOSPC: no space left on device'));
    const base = server.signedIn();
    const tokens = tokensAt(server, { refreshToken: base }, store);
    await assert.rejects(tokens.get(), { code: 'EOAUTH2', originalCode: 'storage' });
    store.save = save;
    assert.ok(server.accepts(await tokens.get()));
    assert.equal(server.requests.items.length, 1);
    assert.ok(store.kept.has(base));
  });

  const refusals = [
    ...Object.values(MICROSOFT).map((refusal) => ['Microsoft', refusal] as const),
    ...Object.values(GOOGLE).map((refusal) => ['Google', refusal] as const),
  ];
  for (const [provider, refusal] of refusals) {
    const { error, error_description: words } = refusal.body as { error: string; error_description?: string };
    const known = /AADSTS\d+/.exec(words ?? '')?.[0] ?? error;
    it(`tell the refusal ${known} of ${provider} with its code and without secrets: ${(words ?? '').slice(0, 50)}`, async () => {
      const server = await serverWith();
      const refreshToken = server.signedIn();
      const echo = { ...refusal.body, error_description: `${words ?? ''} ${refreshToken}` };
      server.script = () => ({ refuse: { ...refusal, body: echo } });
      const tokens = tokensAt(server, { refreshToken, clientSecret: 'the secret of the app' });
      await assert.rejects(tokens.get(), (reason: Error & { originalCode: string; refused: boolean }) => {
        assert.equal(reason.originalCode, error);
        assert.equal(reason.refused, true);
        assert.ok(reason.message.includes(known));
        assert.doesNotMatch(reason.message, /Trace ID|Correlation/);
        assert.ok(
          !reason.message.includes(refreshToken) && !reason.message.includes('the secret of the app'),
        );
        return true;
      });
    });
  }

  const faults = [
    ['503', { status: 503, body: 'Service Unavailable' }, 'unavailable', null],
    [
      '429 with Retry-After',
      { status: 429, body: '{}', headers: { 'Retry-After': '17' } },
      'unavailable',
      17_000,
    ],
    [
      'temporarily_unavailable',
      { status: 400, body: '{"error":"temporarily_unavailable"}' },
      'unavailable',
      null,
    ],
    ['a page', { status: 200, body: '<html>Sign in to the guest network</html>' }, 'malformed', null],
    ['a page with 403', { status: 403, body: '<html>' }, 'malformed', null],
    ['a redirect', { status: 302, headers: { Location: 'https://evil.example/' } }, 'malformed', null],
    ['no access token', { status: 200, body: '{"token_type":"Bearer"}' }, 'malformed', null],
    [
      'another type of token',
      { status: 200, body: '{"access_token":"x","token_type":"mac"}' },
      'malformed',
      null,
    ],
    ['an answer without end', { huge: true }, 'malformed', null],
    ['no answer', { then: 'stall' }, 'timeout', null],
    ['a broken connection', { then: 'rst' }, 'unreachable', null],
  ] as const;
  for (const [name, fault, code, retryAfter] of faults) {
    it(`take ${name} for a fault that passes`, async () => {
      const server = await serverWith({ script: ({ number }) => (number === 1 ? { ...fault } : undefined) });
      const tokens = tokensAt(server, { refreshToken: server.signedIn() }, memoryStore(), 300);
      await assert.rejects(tokens.get(), { code: 'EOAUTH2', originalCode: code, refused: false, retryAfter });
      if (retryAfter === null) assert.ok(server.accepts(await tokens.get()));
    });
  }

  it('say that nothing answers at the endpoint', async () => {
    const server = await startTokenServer();
    await server.close();
    await assert.rejects(tokensAt(server, { refreshToken: 'x' }).get(), {
      originalCode: 'unreachable',
      message: /ECONNREFUSED/,
    });
  });

  it('leave out an id token, whoever it is from', async () => {
    const body = {
      access_token: 'a token',
      token_type: 'bearer',
      expires_in: '3599',
      id_token: 'no.token.at all',
    };
    const server = await serverWith({ script: () => ({ body: JSON.stringify(body) }) });
    assert.equal(await tokensAt(server, { refreshToken: 'x' }).get(), 'a token');
  });

  it('check the certificate of the endpoint, and trust an authority that is given', async () => {
    const server = await serverWith({ security: 'tls' });
    const settings = settingsAt(server, { refreshToken: server.signedIn() });
    const tokens = (ca: string[]) =>
      createAccountTokens({ settings, network: { timeout: 2_000, ca }, store: memoryStore() });
    await assert.rejects(tokens([]).get(), { originalCode: 'certificate' });
    assert.ok(server.accepts(await tokens([testAuthority]).get()));
  });

  it('go through the proxy of the connector, with the certificate checked behind it', async () => {
    const server = await serverWith({ security: 'tls', certificate: wrongNameCertificate });
    const proxy = await opened(startHttpProxy({ target: server }));
    const connect = (host: string, port: number) =>
      new Promise<net.Socket>((resolve, reject) => {
        const socket = net.connect({ host: proxy.host, port: proxy.port });
        socket.once('error', reject);
        socket.once('connect', () => socket.write(`CONNECT ${host}:${port} HTTP/1.1\r\n\r\n`));
        socket.once('data', () => resolve(socket));
      });
    const tokensOf = (host: string) =>
      createAccountTokens({
        settings: {
          ...settingsAt(server, { refreshToken: server.signedIn() }),
          tokenUrl: `https://${host}:${server.port}/token`,
        },
        network: { timeout: 2_000, ca: [testAuthority], connect },
        store: memoryStore(),
      });
    assert.ok(server.accepts(await tokensOf('mail.example.com').get()));
    await assert.rejects(tokensOf('login.example.com').get(), { originalCode: 'certificate' });
    assert.deepEqual(
      proxy.requests.items.map(({ host }) => host),
      ['mail.example.com', 'login.example.com'],
    );
  });

  it('hide every secret in every form', async () => {
    const server = await serverWith({ rotate: true, clientSecret: 'the secret of the app' });
    const tokens = tokensAt(server, {
      refreshToken: server.signedIn(),
      clientSecret: 'the secret of the app',
    });
    await tokens.get();
    for (const secret of [...server.secrets, 'the secret of the app']) {
      const login = Buffer.from(`user=${MAILBOX}\x01auth=Bearer ${secret}\x01\x01`).toString('base64');
      const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64'), login];
      const hidden = tokens.hide(`the server said: ${forms.join(' and ')}.`);
      for (const form of forms) assert.ok(!hidden.includes(form), form);
      assert.match(hidden, /the server said/);
    }
    assert.equal(
      tokens.hide('token eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln of others'),
      'token *** of others',
    );
  });
});

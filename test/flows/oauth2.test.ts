import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { CLIENT_ID, KEY_FILE, SERVICE_ACCOUNT } from '../oauth2/oauth-fixture';
import { closedAfterEach } from '../servers/closing';
import { replyAndFin } from '../servers/fault-script';
import { startFaultServer } from '../servers/fault-server';
import { startInbox } from '../servers/inbox';
import { MICROSOFT } from '../servers/token-answers';
import { startTokenServer, type TokenServer, type TokenServerOptions } from '../servers/token-server';
import { deployMailFlow, flowIn, isProblem, type MailFlow } from './mail-flow';
import { startNodeRed, type NodeRed } from './node-red';

const MAILBOX = SERVICE_ACCOUNT.user;
const SECRET = 'the-secret-of-the-app-8Q~';

interface Account {
  connector: Record<string, unknown>;
  credentials: Record<string, string>;
}

/** A connector at a token server, by each grant. */
const ACCOUNTS: Record<string, (server: TokenServer) => Account> = {
  'authorization_code, Microsoft': (server) => ({
    connector: { oauthProvider: 'microsoft', oauthGrant: 'authorization_code' },
    credentials: { refreshToken: server.signedIn() },
  }),
  'authorization_code, Google': (server) => ({
    connector: { oauthProvider: 'google', oauthGrant: 'authorization_code' },
    credentials: { refreshToken: server.signedIn() },
  }),
  client_credentials: () => ({
    connector: {
      oauthProvider: 'microsoft',
      oauthGrant: 'client_credentials',
      oauthTenant: 'contoso.example',
    },
    credentials: {},
  }),
  service_account: () => ({
    connector: { oauthProvider: 'google', oauthGrant: 'service_account' },
    credentials: { serviceAccountKey: KEY_FILE },
  }),
};

function partsAt(tokenServer: TokenServer, { connector, credentials }: Account, more: object = {}) {
  return {
    connector: {
      authType: 'oauth2',
      oauthClientId: CLIENT_ID,
      oauthTokenUrl: tokenServer.tokenUrl,
      ...connector,
      ...more,
    },
    properties: ['mail.smtp.auth=true'],
    credentials: { username: MAILBOX, clientSecret: SECRET, ...credentials } as { username: string },
  };
}

describe('a connector with OAuth2', () => {
  let red: NodeRed;
  const opened = closedAfterEach();
  before(async function () {
    this.timeout(30_000);
    red = await startNodeRed();
  });
  after(() => red.stop());

  const tokenServer = (options: TokenServerOptions = {}) =>
    opened(startTokenServer({ clientSecret: SECRET, serviceAccount: SERVICE_ACCOUNT, ...options }));
  const inboxFor = (server: TokenServer) =>
    opened(startInbox({ user: MAILBOX, authMethods: ['XOAUTH2'], token: (token) => server.accepts(token) }));

  async function deploy(
    server: TokenServer,
    account: Account,
    more: object = {},
  ): Promise<[MailFlow, Awaited<ReturnType<typeof inboxFor>>]> {
    const inbox = await inboxFor(server);
    const flow = await deployMailFlow(red, { server: inbox, ...partsAt(server, account, more) });
    return [flow, inbox];
  }

  for (const [name, account] of Object.entries(ACCOUNTS)) {
    it(`sends a mail by ${name}, and shows no secret of it`, async () => {
      const server = await tokenServer({ rotate: true });
      const [flow, inbox] = await deploy(server, account(server));
      await flow.send({ topic: 'alert', payload: 'the pump stands' });
      const { session } = await inbox.nextMail();
      assert.deepEqual([session.user, session.authMethod], [MAILBOX, 'XOAUTH2']);
      const sent = await flow.sent.next();
      assert.equal(sent.email.status, 'sent');
      await flow.send({ action: 'status' });
      const status = await flow.sent.next();
      assert.deepEqual([status.payload.settings.auth, status.payload.problem], ['oauth2', null]);
      assert.equal(server.requests.items.length, 1);
    });

    it(`sends 500 mails over 10 connections by ${name} while tokens end in the middle, one request for each life`, async function () {
      this.timeout(60_000);
      const server = await tokenServer({ rotate: true, life: 4 });
      // The server ends each connection after a few mails, and takes only tokens that have not ended.
      const mailServer = await opened(
        startFaultServer({
          auth: ['XOAUTH2'],
          token: (user, token) => (user === MAILBOX && server.accepts(token) ? null : { status: '400' }),
          script: ({ phase, transaction }) =>
            phase === 'dot'
              ? { delay: 30 }
              : phase === 'mail' && transaction > 4
                ? replyAndFin('421 4.7.0 enough')
                : undefined,
        }),
      );
      const flow = await deployMailFlow(red, {
        server: mailServer,
        ...partsAt(server, account(server), { connections: 10 }),
        sendEmail: { format: 'text' },
      });
      const started = Date.now();
      for (let first = 0; first < 500; first += 100) {
        await flow.send(
          ...Array.from({ length: 100 }, (_, i) => ({ topic: `mail ${first + i}`, payload: 'x' })),
        );
      }
      await flow.sent.waitFor(250, 50_000);
      const middle = server.requests.items.length;
      server.expireAll();
      await flow.sent.waitFor(500, 50_000);
      const lives = Math.ceil((Date.now() - started) / 3_200);
      assert.equal(new Set(mailServer.ledger.items.map(({ messageId }) => messageId)).size, 500);
      assert.equal(server.mostAtOnce, 1);
      assert.ok(server.requests.items.length >= middle);
      // One more for the tokens that ended before their time.
      assert.ok(
        server.requests.items.length <= lives + 2,
        `${server.requests.items.length} requests in ${lives} lives`,
      );
    });
  }

  it('holds its mails with the code of the provider and what to do, asks seldom, and recovers by itself', async function () {
    this.timeout(60_000);
    const server = await tokenServer();
    server.script = () => ({ refuse: MICROSOFT.expiredSecret });
    const account = ACCOUNTS['client_credentials']?.(server) as Account;
    const [flow, inbox] = await deploy(server, {
      ...account,
      credentials: { clientSecret: 'the secret of last year' },
    });
    await flow.send({ topic: 'held' });
    const shown = await flow.connectorStatuses.waitForOne(isProblem);
    assert.match(shown.text ?? '', /client secret has expired/);
    await flow.send({ action: 'status' });
    const { payload } = await flow.sent.next();
    assert.equal(payload.state, 'RUN');
    assert.equal(payload.problem.error.code, 'OAUTH2');
    assert.match(payload.problem.error.message, /AADSTS7000222/);
    assert.match(payload.problem.error.hint, /Make a new client secret/);
    assert.ok(payload.problem.nextAttempt - payload.problem.since >= 4 * 60_000);
    // Whoever presses start again and again does not make more than two requests a minute.
    for (let i = 0; i < 4; i += 1) {
      await flow.send({ action: 'stop' });
      await flow.sent.next();
      await flow.send({ action: 'start' });
      await flow.sent.next();
    }
    assert.ok(server.requests.items.length <= 2, `${server.requests.items.length} requests`);
    assert.equal(inbox.connections.total, 0);
    assert.deepEqual(flow.failed.items, []);
    // A deploy with the new secret goes on at once.
    server.script = () => undefined;
    const nodes = flow.nodes.map((node) =>
      node.id === flow.ids.connector
        ? { ...node, credentials: { username: MAILBOX, clientSecret: SECRET } }
        : node,
    );
    await red.deploy(nodes);
    assert.equal((await inbox.nextMail()).parsed.subject, 'held');
  });

  it('tries again by itself when the endpoint is down or wants time, and loses nothing', async function () {
    this.timeout(60_000);
    const server = await tokenServer({
      script: ({ number }) =>
        number === 1 ? { status: 503, body: '{}', headers: { 'Retry-After': '2' } } : undefined,
    });
    const account = ACCOUNTS['client_credentials']?.(server) as Account;
    const [flow, inbox] = await deploy(server, account);
    const asked = Date.now();
    await flow.send({ topic: 'patience' });
    await flow.connectorStatuses.waitForOne(isProblem);
    await inbox.nextMail(40_000);
    assert.ok(Date.now() - asked >= 2_000);
    assert.equal(server.requests.items.length, 2);
    await flow.connectorStatuses.waitForOne(({ text }) => text === 'RUN');
  });

  for (const [what, change, says] of [
    ['nobody has signed in', { credentials: {} }, /nobody has signed in/],
    [
      'no app is named',
      { connector: { oauthClientId: '' }, credentials: { refreshToken: 'x' } },
      /oauthClientId: the id of the registered app is missing/,
    ],
    [
      'an endpoint is in clear text',
      { connector: { oauthTokenUrl: 'http://login.example.com/' }, credentials: { refreshToken: 'x' } },
      /oauthTokenUrl: .*https/,
    ],
    [
      'the properties say not to log in',
      { connector: {}, credentials: { refreshToken: 'x' }, properties: ['mail.smtp.auth=false'] },
      /mail\.smtp\.auth=false/,
    ],
  ] as const) {
    it(`does not start when ${what}, and says so`, async () => {
      const server = await tokenServer();
      const inbox = await inboxFor(server);
      const parts = partsAt(server, {
        connector: 'connector' in change ? change.connector : {},
        credentials: change.credentials,
      });
      const properties = 'properties' in change ? [...change.properties] : parts.properties;
      const flow = await deployMailFlow(red, { server: inbox, ...parts, properties });
      await flow.send({ topic: 'x' });
      const { error } = await flow.caught.next();
      assert.match(error.message, says);
      assert.match(flow.connectorStatuses.items.at(-1)?.text ?? '', /^INIT_ERROR/);
    });
  }

  it('goes on with the newest refresh token after a deploy, and with another one that somebody filled in', async () => {
    const server = await tokenServer({ rotate: true });
    const account = ACCOUNTS['authorization_code, Microsoft']?.(server) as Account;
    const [flow, inbox] = await deploy(server, account);
    const usedTokens = () => server.requests.items.map(({ params }) => params['refresh_token']);
    await flow.send({ topic: '1' });
    await inbox.nextMail();
    // A change of the login, and the same refresh token: a new request, with what came last.
    const changed = (more: object, credentials?: object) =>
      flow.nodes.map((node) =>
        node.id === flow.ids.connector ? { ...node, ...more, ...(credentials && { credentials }) } : node,
      );
    await red.deploy(changed({ oauthTenant: 'contoso.example' }, partsAt(server, account).credentials));
    await flow.send({ topic: '2' });
    await inbox.nextMail();
    assert.equal(usedTokens()[0], account.credentials['refreshToken']);
    assert.notEqual(usedTokens()[1], usedTokens()[0]);
    const other = server.signedIn();
    await red.deploy(changed({}, { username: MAILBOX, clientSecret: SECRET, refreshToken: other }));
    await flow.send({ topic: '3' });
    await inbox.nextMail();
    assert.equal(usedTokens()[2], other);
  });

  it('asks for nothing new at a deploy that changes nothing of the login', async () => {
    const server = await tokenServer();
    const account = ACCOUNTS['authorization_code, Microsoft']?.(server) as Account;
    const [flow, inbox] = await deploy(server, account);
    await flow.send({ topic: '1' });
    await inbox.nextMail();
    await red.deploy(
      flow.nodes.map((node) => (node.id === flow.ids.connector ? { ...node, connections: 3 } : node)),
    );
    await flow.send({ topic: '2' });
    await inbox.nextMail();
    assert.equal(server.requests.items.length, 1);
  });

  it('has its secrets in no log, transcript, flow, msg, status, answer or file, whatever servers repeat', async () => {
    const server = await tokenServer({ rotate: true });
    const account = ACCOUNTS['authorization_code, Microsoft']?.(server) as Account;
    const quoting = await opened(
      startFaultServer({
        auth: ['XOAUTH2'],
        token: (_, token) => ({ status: '400', token, again: Buffer.from(token).toString('base64') }),
        script: ({ phase, line }) => (phase === 'auth' ? { reply: `535 5.7.8 no: ${line}` } : undefined),
      }),
    );
    const parts = partsAt(server, account, { outbox: 'disk' });
    const flow = await deployMailFlow(red, {
      server: quoting,
      ...parts,
      properties: [...parts.properties, 'mail.debug=true'],
    });
    await flow.send({ topic: 'x' });
    await flow.connectorStatuses.waitForOne(isProblem);
    await flow.send({ action: 'status' });
    const answer = await flow.sent.next();
    assert.match(answer.payload.problem.error.message, /535 5\.7\.8/);
    server.script = ({ params }) => ({
      status: 400,
      body: JSON.stringify({
        error: 'invalid_grant',
        error_description: `gone: ${Object.values(params).join(' ')}`,
      }),
    });
    await red.deploy(
      flow.nodes.map((node) =>
        node.id === flow.ids.connector
          ? { ...node, oauthTenant: 'other.example', credentials: parts.credentials }
          : node,
      ),
    );
    const again = flowIn(red, flow);
    await red.logged(/invalid_grant: gone/);
    await again.send({ action: 'status' });
    const exported = await red.request('GET', '/flows');
    const route = await red.request('GET', `/email-server-connector/${flow.ids.connector}`);
    const secrets = [...server.secrets, SECRET];
    const files = await filesBelow(red.userDir);
    const places: Record<string, string> = {
      logs: red.logs(),
      flows: JSON.stringify(exported.body),
      msgs: JSON.stringify([flow.sent, flow.failed, flow.completed, flow.caught]),
      statuses: JSON.stringify([flow.statuses, flow.connectorStatuses]),
      route: JSON.stringify(route.body),
      ...files,
    };
    assert.ok(Object.keys(files).some((name) => name.endsWith('.oauth2')));
    for (const [place, text] of Object.entries(places)) {
      for (const secret of secrets) {
        const login = Buffer.from(`user=${MAILBOX}\x01auth=Bearer ${secret}\x01\x01`).toString('base64');
        for (const form of [
          secret,
          encodeURIComponent(secret),
          Buffer.from(secret).toString('base64'),
          login,
        ]) {
          assert.ok(!text.includes(form), `${place} hold a secret: ${form.slice(0, 5)}`);
        }
      }
    }
    const { mode } = await stat(path.join(red.userDir, 'email-outbox', `${flow.ids.connector}.oauth2`));
    assert.equal(mode & 0o777, 0o600);
  });
});

async function filesBelow(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.parentPath.includes('node_modules')) continue;
    const file = path.join(entry.parentPath, entry.name);
    found[file] = await readFile(file, 'latin1').catch(() => '');
  }
  return found;
}

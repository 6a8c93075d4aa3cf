import assert from 'node:assert/strict';
import { CLIENT_ID, MAILBOX } from '../oauth2/oauth-fixture';
import { closedAfterEach } from '../servers/closing';
import { startInbox } from '../servers/inbox';
import { startTokenServer, type TokenServer } from '../servers/token-server';
import { mailFlow } from './mail-flow';
import { startNodeRed, type NodeRed } from './node-red';

/** The password of the editor, and what settings.js has of it. */
const WORD = 'the password of a test';
const HASH = '$2b$04$UGckR5iWxcf9EJAcOtpxVe5l2sDRtVs4X8xi4/Ties9mM50KQNMrS';

const SECRET = 'the-secret-of-the-app-8Q~';

describe('signing in to a mailbox from the editor', () => {
  let red: NodeRed;
  const opened = closedAfterEach();
  before(async function () {
    this.timeout(30_000);
    red = await startNodeRed();
  });
  after(() => red.stop());

  const serverOf = () => opened(startTokenServer({ clientSecret: SECRET, rotate: true }));
  const inboxFor = (server: TokenServer) =>
    opened(startInbox({ user: MAILBOX, authMethods: ['XOAUTH2'], token: (token) => server.accepts(token) }));

  const fieldsAt = ({ tokenUrl, authUrl, deviceUrl }: TokenServer) => ({
    oauthProvider: 'microsoft',
    oauthClientId: CLIENT_ID,
    oauthTokenUrl: tokenUrl,
    oauthAuthUrl: authUrl,
    oauthDeviceUrl: deviceUrl,
  });
  const bodyAt = (server: TokenServer, more: object = {}) => ({
    ...fieldsAt(server),
    properties: 'mail.smtp.host=smtp.example.com\nmail.smtp.port=587\nmail.smtp.starttls.enable=true',
    username: MAILBOX,
    clientSecret: SECRET,
    redirectUri: `${red.url}/email-server-connector/oauth2/callback`,
    ...more,
  });
  const ask = (id: string, what: string, body: unknown) =>
    red.request('POST', `/email-server-connector/${id}/oauth2/${what}`, body);

  /** Deploys a connector with what the sign-in gave, and sends a mail. */
  async function sendsWith(server: TokenServer, refreshToken: string, id: string): Promise<void> {
    const inbox = await inboxFor(server);
    const flow = mailFlow(red, {
      server: inbox,
      connector: { authType: 'oauth2', ...fieldsAt(server) },
      properties: ['mail.smtp.auth=true'],
      credentials: { username: MAILBOX, clientSecret: SECRET, refreshToken } as { username: string },
    });
    const json = JSON.stringify(flow.nodes).replaceAll(flow.ids.connector, id);
    await red.deploy(JSON.parse(json) as typeof flow.nodes);
    await flow.send({ topic: 'signed in' });
    assert.equal((await inbox.nextMail()).session.user, MAILBOX);
  }

  it('in the browser serves a connector that is not deployed yet, and no answer holds a token', async () => {
    const server = await serverOf();
    const begun = await ask('abc1', 'browser', bodyAt(server));
    assert.equal(begun.status, 200, JSON.stringify(begun.body));
    const waiting = await ask('abc1', 'progress', { signIn: begun.body.signIn });
    assert.deepEqual(waiting.body, { state: 'waiting' });
    const back = server.signIn(begun.body.address);
    const page = await fetch(back);
    const html = await page.text();
    assert.equal(page.status, 200);
    assert.match(html, /You are signed in/);
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
    const done = await ask('abc1', 'progress', { signIn: begun.body.signIn });
    assert.equal(done.body.state, 'done');
    for (const secret of server.secrets) {
      for (const text of [html, JSON.stringify([begun.body, waiting.body, done.body]), red.logs()]) {
        assert.ok(!text.includes(secret));
      }
    }
    await sendsWith(server, done.body.refreshToken, 'abc1');
    // The same address again does nothing.
    const again = await fetch(back);
    assert.equal(again.status, 400);
    assert.match(await again.text(), /has ended, or was not begun here/);
  });

  it('takes the address that the browser could not open', async () => {
    const server = await serverOf();
    const redirectUri = 'http://localhost:1880/email-server-connector/oauth2/callback';
    const { body } = await ask('abc2', 'browser', bodyAt(server, { redirectUri }));
    const back = server.signIn(body.address);
    const other = await ask('abc9', 'address', { signIn: body.signIn, address: back.href });
    assert.equal(other.status, 404);
    const done = await ask('abc2', 'address', { signIn: body.signIn, address: back.href });
    assert.equal(done.body.state, 'done');
    await sendsWith(server, done.body.refreshToken, 'abc2');
  });

  it('by code shows it, and ends when somebody typed it in', async () => {
    const server = await serverOf();
    const { body } = await ask('abc3', 'device', bodyAt(server));
    assert.match(body.userCode, /^[0-9A-F]{8}$/);
    assert.ok(body.endsAt > Date.now() + 800_000);
    server.answerDevice(body.userCode, 'approve');
    await server.requests.waitFor(2);
    let progress = await ask('abc3', 'progress', { signIn: body.signIn });
    while (progress.body.state === 'waiting')
      progress = await ask('abc3', 'progress', { signIn: body.signIn });
    assert.equal(progress.body.state, 'done');
    await sendsWith(server, progress.body.refreshToken, 'abc3');
  });

  it('uses the stored client secret for the deployed app and endpoints only', async () => {
    const server = await serverOf();
    const begun = await ask('abc4', 'browser', bodyAt(server));
    await fetch(server.signIn(begun.body.address));
    const done = await ask('abc4', 'progress', { signIn: begun.body.signIn });
    await sendsWith(server, done.body.refreshToken, 'abc4');
    const stored = { clientSecret: '__PWRD__' };
    const again = await ask('abc4', 'browser', bodyAt(server, stored));
    assert.equal(again.status, 200);
    await fetch(server.signIn(again.body.address));
    assert.equal((await ask('abc4', 'progress', { signIn: again.body.signIn })).body.state, 'done');
    const evil = await serverOf();
    const refused = await ask('abc4', 'device', bodyAt(evil, stored));
    assert.deepEqual([refused.status, refused.body.error.code], [409, 'PASSWORD_NEEDED']);
    assert.equal(evil.requests.items.length, 0);
  });

  it('serves a connection test of the deployed connector without a new token', async () => {
    const server = await serverOf();
    const begun = await ask('abc7', 'browser', bodyAt(server));
    await fetch(server.signIn(begun.body.address));
    const done = await ask('abc7', 'progress', { signIn: begun.body.signIn });
    await sendsWith(server, done.body.refreshToken, 'abc7');
    const deployed = await red.request('GET', '/email-server-connector/abc7');
    const { host, port } = deployed.body.settings;
    const before = server.requests.items.length;
    const answer = await red.request('POST', '/email-server-connector/abc7/test', {
      ...fieldsAt(server),
      authType: 'oauth2',
      title: 't',
      properties: `mail.smtp.host=${host}\nmail.smtp.port=${port}\nmail.smtp.auth=true`,
      username: MAILBOX,
      password: '',
      clientSecret: '__PWRD__',
      refreshToken: '__PWRD__',
      tls: '',
      to: '',
    });
    assert.deepEqual([answer.status, answer.body.error], [200, null], JSON.stringify(answer.body));
    assert.equal(answer.body.steps[0].step, 'token');
    assert.equal(server.requests.items.length, before);
  });

  it('says what is missing, and what the provider says', async () => {
    const server = await serverOf();
    const noApp = await ask('abc5', 'browser', bodyAt(server, { oauthClientId: '' }));
    assert.equal(noApp.status, 400);
    assert.match(noApp.body.error.message, /oauthClientId: the id of the registered app is missing/);
    const elsewhere = await ask('abc5', 'browser', bodyAt(server, { redirectUri: 'https://evil.example/' }));
    assert.match(elsewhere.body.error.message, /redirectUri/);
    const google = await ask(
      'abc5',
      'device',
      bodyAt(server, { oauthProvider: 'google', oauthDeviceUrl: '' }),
    );
    assert.match(google.body.error.message, /no sign-in by code/);
    const wrong = await ask('abc5', 'device', bodyAt(server, { clientSecret: 'wrong' }));
    assert.deepEqual([wrong.status, wrong.body.error.code], [502, 'OAUTH2']);
    assert.match(wrong.body.error.message, /refused the client secret/);
    const begun = await ask('abc5', 'browser', bodyAt(server));
    const state = new URL(begun.body.address).searchParams.get('state') ?? '';
    const words = '<script>alert(1)</script>';
    const address = new URL(`${red.url}/email-server-connector/oauth2/callback`);
    address.search = new URLSearchParams({
      state,
      error: 'access_denied',
      error_description: words,
    }).toString();
    const page = await (await fetch(address)).text();
    assert.ok(!page.includes('<script'));
    assert.match(page, /consent for the app is missing/);
  });

  it('needs a login to begin, and none to come back, below any path', async function () {
    this.timeout(40_000);
    const users = [
      { username: 'writer', password: HASH, permissions: '*' },
      { username: 'other', password: HASH, permissions: '*' },
      { username: 'reader', password: HASH, permissions: 'read' },
    ];
    const guarded = await startNodeRed({
      settings: { httpAdminRoot: '/admin', adminAuth: { type: 'credentials', users } },
    });
    try {
      const server = await serverOf();
      const root = `http://127.0.0.1:${guarded.port}/admin`;
      const post = async (path: string, body: object, token?: string) => {
        const headers = {
          'Content-Type': 'application/json',
          ...(token && { Authorization: `Bearer ${token}` }),
        };
        const response = await fetch(root + path, { method: 'POST', headers, body: JSON.stringify(body) });
        const text = await response.text();
        return { status: response.status, body: /^{/.test(text) ? JSON.parse(text) : text };
      };
      const logIn = async (username: string): Promise<string> => {
        const login = {
          client_id: 'node-red-editor',
          grant_type: 'password',
          scope: '',
          username,
          password: WORD,
        };
        return (await post('/auth/token', login)).body.access_token;
      };
      const [writer, other, reader] = await Promise.all(['writer', 'other', 'reader'].map(logIn));
      const begin = '/email-server-connector/abc6/oauth2/browser';
      const body = bodyAt(server, { redirectUri: `${root}/email-server-connector/oauth2/callback` });
      assert.equal((await post(begin, body)).status, 401);
      assert.equal((await post(begin, body, reader)).status, 401);
      const begun = await post(begin, body, writer);
      assert.equal(
        (await fetch(`${root}/email-server-connector/oauth2/callback?code=x&state=y`)).status,
        400,
      );
      assert.equal((await fetch(server.signIn(begun.body.address))).status, 200);
      const progress = (token?: string) =>
        post('/email-server-connector/abc6/oauth2/progress', { signIn: begun.body.signIn }, token);
      assert.equal((await progress(other)).status, 404);
      assert.equal((await progress(writer)).body.state, 'done');
    } finally {
      await guarded.stop();
    }
  });
});

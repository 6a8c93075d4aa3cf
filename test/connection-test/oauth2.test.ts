import assert from 'node:assert/strict';
import type { Surroundings } from '../../nodes/connection-test/connection-test';
import { CLIENT_ID, fieldsAt } from '../oauth2/oauth-fixture';
import { goodSettings } from '../builders';
import { closedAfterEach } from '../servers/closing';
import { MICROSOFT } from '../servers/token-answers';
import { startTokenServer, type TokenServer, type TokenServerOptions } from '../servers/token-server';
import { assertFailed, detailOf, runTrial, stepsOf, testServers, USER } from './probing';

const SECRET = 'the-secret-of-the-app-8Q~';

describe('a connection test with OAuth2', () => {
  const { inbox, faulty } = testServers();
  const opened = closedAfterEach();
  const tokenServer = (options: TokenServerOptions = {}) =>
    opened(startTokenServer({ clientSecret: SECRET, ...options }));

  const login = (server: TokenServer, more: object = {}) => ({
    password: '',
    authType: 'oauth2',
    oauthProvider: 'microsoft',
    oauthClientId: CLIENT_ID,
    oauthTokenUrl: server.tokenUrl,
    clientSecret: SECRET,
    refreshToken: server.signedIn(),
    ...more,
  });

  it('asks for a token first, and tells who gave it, for what and until when', async () => {
    const tokens = await tokenServer();
    const server = await inbox({ authMethods: ['XOAUTH2'], token: (token) => tokens.accepts(token) });
    const answer = await runTrial({ server, body: login(tokens) });
    assert.equal(answer.error, null);
    assert.deepEqual(stepsOf(answer), ['token', 'dns', 'tcp', 'greeting', 'ehlo', 'auth', 'mail-from']);
    assert.match(
      detailOf(answer, 'token'),
      /^127\.0\.0\.1:\d+ gave an access token by authorization_code, scope https:\/\/outlook\.office\.com\/SMTP\.Send, until 20\d\d-/,
    );
    for (const secret of [...tokens.secrets, SECRET]) assert.ok(!JSON.stringify(answer).includes(secret));
  });

  it('logs in with OAUTHBEARER and a long token', async () => {
    const tokens = await tokenServer({ length: 4096 });
    const server = await faulty(undefined, {
      auth: ['OAUTHBEARER'],
      longestCommand: 512,
      token: (user, token) => (user === USER && tokens.accepts(token) ? null : { status: 'invalid_token' }),
    });
    const answer = await runTrial({ server, body: login(tokens) });
    assert.equal(answer.error, null);
    assert.match(detailOf(answer, 'auth'), /^235 /);
  });

  it('ends at the token when the provider refuses, and says what to do', async () => {
    const tokens = await tokenServer({ script: () => ({ refuse: MICROSOFT.expiredSecret }) });
    const server = await inbox();
    const answer = await runTrial({ server, body: login(tokens) });
    assertFailed(answer, 'token', 'OAUTH2', /Make a new client secret/);
    assert.match(answer.error?.message ?? '', /AADSTS7000222/);
    assert.equal(server.connections.total, 0);
  });

  it('tells what the server says of a token that it refuses', async () => {
    const tokens = await tokenServer();
    const server = await faulty(undefined, {
      auth: ['XOAUTH2'],
      token: (_, token) => ({ status: '400', scope: 'https://mail.google.com/', token }),
    });
    const answer = await runTrial({ server, body: login(tokens) });
    assertFailed(answer, 'auth', 'AUTH', /username is the mailbox/);
    assert.match(
      answer.error?.message ?? '',
      /535 5\.7\.8 .*\(status 400, scope https:\/\/mail\.google\.com\//,
    );
    for (const token of tokens.accessTokens) assert.ok(!JSON.stringify(answer).includes(token));
  });

  it('says what is missing', async () => {
    const tokens = await tokenServer();
    const server = await inbox();
    const nobody = await runTrial({ server, body: login(tokens, { refreshToken: '' }) });
    assert.match(nobody.error?.message ?? '', /nobody has signed in/);
    const noApp = await runTrial({ server, body: login(tokens, { oauthClientId: '' }) });
    assert.match(noApp.error?.message ?? '', /oauthClientId/);
  });

  describe('with stored secrets', () => {
    const STORED = { clientSecret: '__PWRD__', refreshToken: '__PWRD__' };

    async function deployedAt(tokens: TokenServer) {
      const server = await inbox({ authMethods: ['XOAUTH2'], token: (token) => tokens.accepts(token) });
      const fields = fieldsAt(tokens, { clientSecret: SECRET, refreshToken: tokens.signedIn() });
      const around: Partial<Surroundings> = {
        deployedLogin: () => ({ fields, urls: [tokens.tokenUrl, tokens.deviceUrl] }),
        deployed: () =>
          goodSettings(`mail.smtp.host=${server.host}\nmail.smtp.port=${server.port}`, {
            username: USER,
            password: '',
            oauth2: true,
          }),
      };
      return { server, around };
    }

    it('uses them for what is deployed', async () => {
      const tokens = await tokenServer();
      const { server, around } = await deployedAt(tokens);
      const answer = await runTrial({ server, around, body: login(tokens, STORED) });
      assert.equal(answer.error, null);
    });

    it('sends them to no other endpoint or app, and their token to no other server', async () => {
      const tokens = await tokenServer();
      const { server, around } = await deployedAt(tokens);
      const evil = await tokenServer();
      const other = await inbox();
      for (const trial of [
        { server, around, body: login(tokens, { ...STORED, oauthTokenUrl: evil.tokenUrl }) },
        { server, around, body: login(tokens, { ...STORED, oauthClientId: 'another' }) },
        { server: other, around, body: login(tokens, STORED) },
      ]) {
        await assert.rejects(runTrial(trial), { code: 'PASSWORD_NEEDED' });
      }
      assert.deepEqual([evil.requests.items.length, tokens.requests.items.length], [0, 0]);
      assert.equal(other.connections.total, 0);
    });
  });
});

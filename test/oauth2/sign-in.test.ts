import assert from 'node:assert/strict';
import { createSignIns, isSignInName, type SignInRequest } from '../../nodes/oauth2/sign-in';
import { closedAfterEach } from '../servers/closing';
import { startTokenServer, type TokenServer, type TokenServerOptions } from '../servers/token-server';
import { MAILBOX, memoryStore, settingsAt } from './oauth-fixture';

const REDIRECT = 'http://localhost:1880/email-server-connector/oauth2/callback';
const ME = { connector: 'c1', user: 'anna' };

describe('a sign-in', () => {
  const opened = closedAfterEach();
  let time = 0;
  let waits: number[];
  beforeEach(() => {
    time = 1_000_000;
    waits = [];
  });
  const signInsOf = () =>
    createSignIns(
      () => time,
      (ms) => {
        waits.push(ms);
        time += ms;
        return new Promise((resolve) => setImmediate(resolve));
      },
    );
  const serverWith = (options: TokenServerOptions = {}) => opened(startTokenServer(options));
  function requestAt(server: TokenServer, more: Partial<SignInRequest> = {}) {
    const store = memoryStore();
    return { ...ME, settings: settingsAt(server), network: { timeout: 2_000 }, store, ...more };
  }

  it('in the browser ends with a refresh token that is kept, and a name for it', async () => {
    const server = await serverWith();
    const request = requestAt(server);
    const { kept } = request.store as ReturnType<typeof memoryStore>;
    const signIns = signInsOf();
    const { signIn, address, endsAt } = await signIns.browser(request, REDIRECT);
    assert.equal(endsAt, time + 600_000);
    const asked = new URL(address).searchParams;
    assert.equal(asked.get('scope'), 'https://outlook.office.com/SMTP.Send offline_access');
    assert.equal(asked.get('login_hint'), MAILBOX);
    assert.deepEqual(signIns.progress(signIn, ME), { state: 'waiting' });
    const back = server.signIn(address);
    assert.equal(back.origin + back.pathname, REDIRECT);
    const progress = await signIns.comeBack(back.searchParams);
    assert.ok(progress && progress.state === 'done');
    assert.ok(isSignInName(progress.refreshToken));
    assert.ok(server.knows(kept.get(progress.refreshToken) ?? ''));
    assert.deepEqual(signIns.progress(signIn, ME), progress);
    assert.ok(!server.secrets.some((secret) => JSON.stringify(progress).includes(secret)));
  });

  it('asks Google for a refresh token each time', async () => {
    const server = await serverWith();
    const { address } = await signInsOf().browser(
      requestAt(server, { settings: settingsAt(server, { provider: 'google' }) }),
      REDIRECT,
    );
    const asked = new URL(address).searchParams;
    assert.deepEqual([asked.get('access_type'), asked.get('prompt')], ['offline', 'consent']);
  });

  it('counts once', async () => {
    const server = await serverWith();
    const signIns = signInsOf();
    const { address } = await signIns.browser(requestAt(server), REDIRECT);
    const back = server.signIn(address);
    assert.ok(await signIns.comeBack(back.searchParams));
    assert.equal(await signIns.comeBack(back.searchParams), false);
    assert.equal(server.requests.items.length, 1);
  });

  it('does nothing without its state, and nothing after ten minutes', async () => {
    const server = await serverWith();
    const signIns = signInsOf();
    const { signIn, address } = await signIns.browser(requestAt(server), REDIRECT);
    const back = server.signIn(address);
    for (const state of ['', 'another', null]) {
      const parameters = new URLSearchParams(back.searchParams);
      if (state === null) parameters.delete('state');
      else parameters.set('state', state);
      assert.equal(await signIns.comeBack(parameters), false);
    }
    time += 600_000;
    assert.equal(await signIns.comeBack(back.searchParams), false);
    assert.equal(signIns.progress(signIn, ME)?.state, 'failed');
    assert.equal(server.requests.items.length, 0);
  });

  it('is for the connector and the person that began it', async () => {
    const server = await serverWith();
    const signIns = signInsOf();
    const { signIn } = await signIns.browser(requestAt(server), REDIRECT);
    for (const other of [
      { connector: 'c2', user: 'anna' },
      { connector: 'c1', user: 'bert' },
    ]) {
      assert.equal(signIns.progress(signIn, other), null);
    }
  });

  it('fails with the words of the provider', async () => {
    const server = await serverWith();
    const signIns = signInsOf();
    const { signIn, address } = await signIns.browser(requestAt(server), REDIRECT);
    const state = new URL(address).searchParams.get('state') ?? '';
    await signIns.comeBack(
      new URLSearchParams({
        state,
        error: 'access_denied',
        error_description: 'AADSTS65004: declined\r\nTrace ID: 1',
      }),
    );
    const progress = signIns.progress(signIn, ME);
    assert.ok(progress?.state === 'failed');
    assert.equal(progress.error.message, 'access_denied: AADSTS65004: declined');
  });

  it('fails when the code is not good for it, or no refresh token comes', async () => {
    const server = await serverWith();
    const signIns = signInsOf();
    const first = await signIns.browser(requestAt(server), REDIRECT);
    const second = await signIns.browser(requestAt(server), REDIRECT);
    // The code of one with the state of the other: its verifier does not fit.
    const mixed = server.signIn(first.address).searchParams;
    mixed.set('state', new URL(second.address).searchParams.get('state') ?? '');
    const progress = await signIns.comeBack(mixed);
    assert.ok(progress && progress.state === 'failed');
    assert.match(progress.error.message, /invalid_grant/);
    server.script = () => ({ body: '{"access_token":"x","token_type":"Bearer"}' });
    const third = await signIns.browser(requestAt(server), REDIRECT);
    const without = await signIns.comeBack(server.signIn(third.address).searchParams);
    assert.ok(without && without.state === 'failed');
    assert.match(without.error.message, /no refresh token/);
  });

  it('by code ends when somebody typed it in', async () => {
    const server = await serverWith({
      script: ({ grant, number }) => {
        if (grant.endsWith(':device_code') && number === 3)
          return { status: 400, body: '{"error":"slow_down"}' };
        if (grant.endsWith(':device_code') && number === 4) return { status: 503 };
        if (number === 6) server.answerDevice(code, 'approve');
        return undefined;
      },
    });
    let code = '';
    const request = requestAt(server);
    const signIns = signInsOf();
    const begun = await signIns.device(request);
    code = begun.userCode;
    assert.equal(begun.verificationUri, `${server.url}/device`);
    await server.requests.waitFor(6);
    const { kept } = request.store as ReturnType<typeof memoryStore>;
    while (kept.size === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(server.knows([...kept.values()][0] ?? ''));
    // RFC 8628: five seconds more after slow_down.
    assert.deepEqual([...new Set(waits)], [1_000, 6_000]);
    while (signIns.progress(begun.signIn, ME)?.state === 'waiting')
      await new Promise((resolve) => setImmediate(resolve));
    assert.equal(signIns.progress(begun.signIn, ME)?.state, 'done');
  });

  it('by code fails when it is declined, or nobody came in time', async () => {
    const server = await serverWith();
    const signIns = signInsOf();
    const declined = await signIns.device(requestAt(server));
    server.answerDevice(declined.userCode, 'decline');
    const late = await signIns.device(requestAt(server));
    for (const { signIn } of [declined, late]) {
      while (signIns.progress(signIn, ME)?.state === 'waiting')
        await new Promise((resolve) => setImmediate(resolve));
      assert.equal(signIns.progress(signIn, ME)?.state, 'failed');
    }
  });

  it('makes room for newer ones', async () => {
    const server = await serverWith();
    const signIns = signInsOf();
    const first = await signIns.browser(requestAt(server), REDIRECT);
    for (let i = 0; i < 20; i += 1) await signIns.browser(requestAt(server), REDIRECT);
    assert.equal(signIns.progress(first.signIn, ME), null);
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { startInbox, type Inbox } from '../servers/inbox';
import { startFaultServer } from '../servers/fault-server';
import { mailFlow, type MailFlow, type MailFlowParts } from './mail-flow';
import { startNodeRed, type Loose, type NodeRed } from './node-red';

const WORD = 'the password of a test';
/** bcrypt of it. */
const HASH = '$2b$04$UGckR5iWxcf9EJAcOtpxVe5l2sDRtVs4X8xi4/Ties9mM50KQNMrS';

const USER = 'plant@example.com';
const PASSWORD = 'correct horse-battery';
const ENVIRONMENT = { SITE: 'north pier', OTHER: 'another secret' };

interface Answer {
  status: number;
  body: Loose;
}

describe('the routes of the editor', () => {
  let red: NodeRed;
  let inbox: Inbox;
  let flow: MailFlow;
  let write: string;
  let read: string;
  const servers: { close: () => unknown }[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function call(
    token: string | null,
    method: string,
    route: string,
    body?: unknown,
    options: { signal?: AbortSignal; type?: string } = {},
  ): Promise<Answer> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(red.url + route, {
      method,
      headers: {
        'Content-Type': options.type ?? 'application/json',
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: text }),
      ...(options.signal && { signal: options.signal }),
    });
    const answer = await response.text();
    return { status: response.status, body: /^[[{]/.test(answer) ? JSON.parse(answer) : answer };
  }

  async function logIn(username: string): Promise<string> {
    const login = {
      client_id: 'node-red-editor',
      grant_type: 'password',
      scope: '',
      username,
      password: WORD,
    };
    const { status, body } = await call(null, 'POST', '/auth/token', login);
    assert.equal(status, 200, JSON.stringify(body));
    return body.access_token;
  }

  async function deploy(parts: Partial<MailFlowParts> = {}, state = /^RUN/): Promise<MailFlow> {
    const credentials = { username: USER, password: PASSWORD };
    const made = mailFlow(red, { server: inbox, properties: ['mail.smtp.auth=true'], credentials, ...parts });
    const { status } = await call(write, 'POST', '/flows', made.nodes);
    assert.equal(status, 204);
    await made.connectorStatuses.waitForOne(({ text }) => state.test(text ?? ''));
    return made;
  }

  const connector = (rest = '', id = flow.ids.connector): string => `/email-server-connector/${id}${rest}`;

  /** The unsaved values of the dialog, nothing changed. */
  function unsaved(server: { host: string; port: number }, changes: object = {}) {
    const properties = `mail.smtp.host=${server.host}\nmail.smtp.port=${server.port}\nmail.smtp.auth=true`;
    return { title: 't', properties, username: USER, password: '__PWRD__', tls: '', to: '', ...changes };
  }

  /** A server that only notes who comes. */
  async function listen(onConnection: (socket: Socket) => void = () => undefined) {
    const sockets: Socket[] = [];
    const server = net.createServer((socket) => {
      sockets.push(socket.on('error', () => undefined));
      onConnection(socket);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    servers.push({
      close: () => {
        for (const socket of sockets) socket.destroy();
        server.close();
      },
    });
    return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, sockets };
  }

  before(async function () {
    this.timeout(40_000);
    inbox = await startInbox({ user: USER, password: PASSWORD });
    const users = [
      { username: 'writer', password: HASH, permissions: '*' },
      { username: 'reader', password: HASH, permissions: 'read' },
    ];
    red = await startNodeRed({
      env: ENVIRONMENT,
      settings: { adminAuth: { type: 'credentials', users }, functionGlobalContext: { line: 'line 7' } },
    });
    [write, read] = await Promise.all([logIn('writer'), logIn('reader')]);
    flow = await deploy();
  });
  after(async () => {
    await red.stop();
    await inbox.close();
  });

  const routes = (): [string, string, unknown][] => [
    ['GET', connector(), undefined],
    ['POST', '/email-server-connector/check', { properties: 'mail.smtp.host=h.test', hasCredentials: false }],
    ['POST', '/send-email/preview', { node: { to: 'a@b.test' }, messages: [{ payload: 1 }] }],
    ['GET', `/send-email/${flow.ids.sendEmail}/samples`, undefined],
    ['POST', connector('/state'), { state: 'RUN' }],
    ['POST', connector('/test'), unsaved(inbox)],
  ];

  it('want a login', async () => {
    for (const [method, route, body] of routes()) {
      assert.equal((await call(null, method, route, body)).status, 401, route);
      assert.equal((await call('unknown', method, route, body)).status, 401, route);
    }
  });

  it('let a user who may only read look, and change nothing', async () => {
    const connections = inbox.connections.total;
    const statuses: number[] = [];
    for (const [method, route, body] of routes())
      statuses.push((await call(read, method, route, body)).status);
    // Node-RED answers a missing permission as it does a missing login.
    assert.deepEqual(statuses, [200, 200, 200, 200, 401, 401]);
    assert.equal((await call(read, 'POST', connector('/state'), { state: 'STOPPED' })).status, 401);
    assert.equal((await call(read, 'GET', connector())).body.state, 'RUN');
    assert.equal(inbox.connections.total, connections);
  });

  it('let a user who may write do everything', async () => {
    for (const [method, route, body] of routes()) {
      assert.equal((await call(write, method, route, body)).status, 200, route);
    }
  });

  it('answer errors as JSON with their status', async () => {
    const large = { node: {}, messages: [{ payload: 'x'.repeat(1_100_000) }] };
    const cases: [Promise<Answer>, number, string, RegExp][] = [
      [call(write, 'GET', connector('', 'unknown')), 404, 'NOT_FOUND', /"unknown"/],
      [call(write, 'GET', connector('', flow.ids.sendEmail)), 404, 'NOT_FOUND', /email-server-connector/],
      [call(write, 'POST', connector('/state', 'unknown'), { state: 'RUN' }), 404, 'NOT_FOUND', /"unknown"/],
      [call(write, 'POST', connector('/state'), { state: 'on' }), 400, 'BAD_REQUEST', /state is "on"/],
      [call(write, 'POST', connector('/state'), {}), 400, 'BAD_REQUEST', /state is missing/],
      [call(write, 'POST', connector('/test'), { title: 5 }), 400, 'BAD_REQUEST', /title is "5"/],
      [call(write, 'POST', '/email-server-connector/check', {}), 400, 'BAD_REQUEST', /properties is missing/],
      [call(write, 'POST', '/send-email/preview', { node: {} }), 400, 'BAD_REQUEST', /messages is missing/],
      [call(write, 'POST', '/send-email/preview', large), 413, 'TOO_LARGE', /1048576/],
      [
        call(write, 'POST', connector('/state'), 'state=STOPPED', {
          type: 'application/x-www-form-urlencoded',
        }),
        415,
        'NOT_JSON',
        /JSON/,
      ],
    ];
    for (const [answer, status, code, message] of cases) {
      const { status: found, body } = await answer;
      assert.deepEqual([found, body.error?.code], [status, code]);
      assert.deepEqual(Object.keys(body.error).sort(), ['code', 'message']);
      assert.match(body.error.message, message);
    }
  });

  it('tell and change the state of a connector', async () => {
    const { body } = await call(read, 'GET', connector());
    assert.deepEqual(body, {
      state: 'RUN',
      problem: null,
      counts: { queued: 0, deferred: 0, sending: 0, sent: 0, failed: 0, ignored: 0 },
      rate: { limit: 0, period: 'minute', used: 0 },
      settings: { host: '127.0.0.1', port: inbox.port, security: 'none', auth: 'password', user: USER },
      lastError: null,
    });
    const stopped = await call(write, 'POST', connector('/state'), { state: 'STOPPED' });
    assert.equal(stopped.body.state, 'STOPPED');
    await flow.connectorStatuses.waitForOne(({ text }) => /^STOPPED/.test(text ?? ''));
    const started = await call(write, 'POST', connector('/state'), { state: 'RUN' });
    assert.equal(started.body.state, 'RUN');
    assert.deepEqual(Object.keys(started.body).sort(), Object.keys(body).sort());
  });

  it('tell why a connector can not run', async () => {
    const broken = await deploy({ properties: ['mail.smtp.starttls.enable=yes'] }, /^INIT_ERROR/);
    const { body } = await call(read, 'GET', connector('', broken.ids.connector));
    assert.equal(body.state, 'INIT_ERROR');
    assert.match(body.lastError.message, /mail\.smtp\.starttls\.enable/);
    flow = await deploy();
  });

  describe('test a connection', () => {
    it('with the stored password, when host, port and user are the deployed ones', async () => {
      const { status, body } = await call(
        write,
        'POST',
        connector('/test'),
        unsaved(inbox, { to: 'a@b.test' }),
      );
      assert.equal(status, 200, JSON.stringify(body));
      assert.deepEqual([body.ok, body.error], [true, null]);
      assert.equal(body.steps.at(-1).step, 'sent');
      const mail = await inbox.waitForMail(({ parsed }) => parsed.subject === 'Test mail of t');
      assert.equal(mail.session.user, USER);
    });

    it('and never give the stored password to another host, port, user or proxy', async () => {
      const thief = await startFaultServer({ auth: ['PLAIN', 'LOGIN'] });
      servers.push(thief);
      const proxy = await listen();
      const through = `${unsaved(inbox).properties}\nmail.smtp.proxy.host=127.0.0.1\nmail.smtp.proxy.port=${proxy.port}`;
      const attempts = [
        unsaved(thief),
        unsaved({ ...inbox, host: 'localhost' }),
        unsaved(inbox, { username: 'other' }),
        unsaved(inbox, { properties: through, allowInsecureAuth: true }),
      ];
      const before = inbox.connections.total;
      for (const body of attempts) {
        const answer = await call(write, 'POST', connector('/test'), body);
        assert.deepEqual([answer.status, answer.body.error.code], [409, 'PASSWORD_NEEDED']);
      }
      const unknown = await call(write, 'POST', connector('/test', 'not-deployed'), unsaved(thief));
      assert.deepEqual([unknown.status, unknown.body.error.code], [409, 'PASSWORD_NEEDED']);
      assert.deepEqual(
        [thief.connections.total, proxy.sockets.length, inbox.connections.total],
        [0, 0, before],
      );
    });

    it('of a connector that is not deployed yet, with a password that was typed in', async () => {
      const body = unsaved(inbox, { password: PASSWORD });
      const answer = await call(write, 'POST', connector('/test', 'not-deployed'), body);
      assert.deepEqual([answer.status, answer.body.ok], [200, true]);
    });

    it('and end it when the request is given up', async () => {
      const gone = new AbortController();
      let closed: Promise<unknown> | undefined;
      const server = await listen((socket) => {
        closed = once(socket, 'close');
        gone.abort();
      });
      const body = unsaved(server, { password: 'x' });
      await assert.rejects(call(write, 'POST', connector('/test'), body, { signal: gone.signal }));
      await closed;
    });

    it('two at a time', async () => {
      const server = await listen();
      const gone = new AbortController();
      const start = () =>
        call(write, 'POST', connector('/test'), unsaved(server, { password: 'x' }), { signal: gone.signal });
      // Two of them wait for a greeting that never comes, so the first answer is the refusal of the third.
      const running = [start(), start(), start()];
      const first = await Promise.race(running);
      assert.deepEqual([first.status, first.body.error.code], [429, 'BUSY']);
      gone.abort();
      await Promise.allSettled(running);
    });
  });

  describe('preview a mail', () => {
    const messages = [{ topic: 'pump', payload: '<on>' }];
    const template = '{{event}} {{global.line}} {{env.SITE}} {{env.OTHER}} {{connector}}';

    it('as the deployed node would send it', async () => {
      flow = await deploy({ sendEmail: { template: '{{env.SITE}}' } });
      const node = { ...flow.nodes.find(({ id }) => id === flow.ids.sendEmail), from: '', template };
      const { status, body } = await call(read, 'POST', '/send-email/preview', { node, messages });
      assert.equal(status, 200);
      const title = flow.nodes.find(({ id }) => id === flow.ids.connector)?.['title'] as string;
      assert.deepEqual(body, {
        subject: 'pump',
        // Of the environment only what the deployed node shows anyway.
        html: `&lt;on&gt; line 7 north pier  ${title}`,
        text: `<on> line 7 north pier ${title}`,
        to: ['operator@example.com'],
        errors: [],
        missing: ['env.OTHER'],
      });
    });

    it('without what is around a node that is not deployed', async () => {
      const node = { from: 'a@b.test', to: 'c@d.test', template: `${template}.` };
      const { body } = await call(read, 'POST', '/send-email/preview', { node, messages });
      assert.equal(body.html, '&lt;on&gt;    .');
    });

    it('with what is wrong, and never fail', async () => {
      const node = { template: '{{#events}}', to: 'x' };
      const { status, body } = await call(read, 'POST', '/send-email/preview', { node, messages });
      assert.equal(status, 200);
      assert.deepEqual(
        body.errors.map((error: Loose) => error.field),
        ['template'],
      );
    });
  });

  describe('preview fields that are no templates', () => {
    const node = { from: 'a@b.test', template: '{{event}}' };
    const expression = { to: 'who & "@x.test"', toType: 'jsonata' };
    const messages = [{ who: 'ann', payload: 1 }];
    const show = async (token: string, fields: object) =>
      (await call(token, 'POST', '/send-email/preview', { node: { ...node, ...fields }, messages })).body;

    before(async () => {
      flow = await deploy({ sendEmail: { ...expression, subject: 'SITE', subjectType: 'env' } });
    });
    const deployed = () => ({ ...flow.nodes.find(({ id }) => id === flow.ids.sendEmail), ...node });

    it('of the deployed node to whoever may look', async () => {
      const { to, subject, errors } = await show(read, deployed());
      assert.deepEqual([to, subject, errors], [['ann@x.test'], 'north pier', []]);
    });

    it('that are not deployed only when they show nothing that a reader may not see, and keep nobody busy', async () => {
      const other = { ...expression, to: '"b@x.test"' };
      assert.deepEqual((await show(write, other)).to, ['b@x.test']);
      const { to, errors } = await show(read, other);
      assert.deepEqual(to, []);
      assert.match(
        errors[0].message,
        /^to: the JSONata expression could not be read: without the permission/,
      );
      const variable = { to: 'c@x.test', toType: 'str', subject: 'OTHER', subjectType: 'env' };
      for (const token of [read, write]) {
        const answer = await show(token, { ...deployed(), ...variable });
        assert.match(answer.errors[0].message, /^subject: the environment variable OTHER could not be read/);
        assert.doesNotMatch(JSON.stringify(answer), /another|secret/);
      }
    });

    it('and end an expression that never does', async () => {
      const { errors } = await show(write, { to: '($f := function(){ $f() }; $f())', toType: 'jsonata' });
      assert.match(errors[0].message, /^to: the JSONata expression could not be read: it takes too long/);
    });

    it('with the msg and the context of the node, as far as there is one', async () => {
      const fields = { to: 'who', toType: 'msg', subject: 'line', subjectType: 'global' };
      assert.equal((await show(read, { ...deployed(), ...fields })).subject, 'line 7');
      const { errors } = await show(read, fields);
      assert.match(errors[0].message, /subject: global\.line could not be read: the node is not deployed/);
      const context = {
        ...fields,
        to: '$flowContext("x") & who & "@x.test"',
        toType: 'jsonata',
        subjectType: 'str',
      };
      assert.deepEqual((await show(write, context)).to, ['ann@x.test']);
    });
  });

  describe('show the last msgs of a node', () => {
    const samples = (id = flow.ids.sendEmail) => call(read, 'GET', `/send-email/${id}/samples`);

    it('when the node keeps them', async () => {
      flow = await deploy({ sendEmail: { keepSamples: true } });
      assert.deepEqual((await samples()).body, { keepSamples: true, messages: [] });
      await flow.send({ _msgid: 'm1', topic: 'kept', payload: Buffer.alloc(100) });
      await flow.send({ _msgid: 'm2', action: 'status' });
      await flow.sent.waitFor(2);
      const { messages } = (await samples()).body;
      assert.deepEqual(
        messages.map(({ _msgid, topic, payload }: Loose) => [_msgid, topic, payload.data.length]),
        [['m1', 'kept', 32]],
      );
    });

    it('of a node that can not work, too, for its msgs show what is wrong', async () => {
      flow = await deploy({ sendEmail: { keepSamples: true, template: '{{#a}}' } });
      await flow.send({ _msgid: 'm1', topic: 'refused' });
      await flow.failed.next();
      assert.equal((await samples()).body.messages[0].topic, 'refused');
    });

    it('and none of a node that does not, or that is not there', async () => {
      flow = await deploy();
      await flow.send({ topic: 'not kept' });
      await flow.sent.next();
      assert.deepEqual((await samples()).body, { keepSamples: false, messages: [] });
      assert.deepEqual(
        [(await samples('nobody')).status, (await samples(flow.ids.connector)).status],
        [404, 404],
      );
    });
  });

  it('check properties with the environment, and do not show it to readers', async () => {
    const body = {
      properties: 'mail.smtp.host=${OTHER}\nmail.from=${NOT_SET}@x.test',
      hasCredentials: false,
    };
    const { body: answer } = await call(read, 'POST', '/email-server-connector/check', body);
    assert.deepEqual(
      answer.errors.map(({ line, code }: Loose) => [line, code]),
      [
        [1, 'HOST_INVALID'],
        [2, 'ENV_UNSET'],
      ],
    );
    assert.doesNotMatch(JSON.stringify(answer), /another|secret/);
  });

  it('answer no secret', async () => {
    const forms = [
      PASSWORD,
      encodeURIComponent(PASSWORD),
      Buffer.from(PASSWORD).toString('base64'),
      Buffer.from(`\0${USER}\0${PASSWORD}`).toString('base64'),
    ];
    // A server that repeats what it was told.
    const server = await startFaultServer({
      auth: ['PLAIN', 'LOGIN'],
      script: ({ phase }) => (phase === 'auth' ? { reply: `535 5.7.8 no: ${forms.join(' ')}` } : undefined),
    });
    servers.push(server);
    flow = await deploy({ server });
    await flow.send({ topic: 'x' });
    await flow.connectorStatuses.waitForOne(({ fill, shape }) => fill === 'yellow' && shape === 'dot');
    const tested = await call(write, 'POST', connector('/test'), unsaved(server));
    const state = await call(read, 'GET', connector());
    assert.match(state.body.problem.error.message, /535 5\.7\.8 no: \*\*\*/);
    assert.match(tested.body.error.message, /535 5\.7\.8 no: \*\*\*/);
    assert.equal(tested.body.steps.at(-1).step, 'auth');
    const text = JSON.stringify([tested, state]);
    for (const form of forms) assert.ok(!text.includes(form), form);
    flow = await deploy();
  });
});

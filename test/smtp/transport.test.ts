import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { Transport } from '../../nodes/smtp/transport';
import type { Attempt } from '../../nodes/types';
import { newMail, transportTo } from '../builders';
import {
  at,
  fin,
  firstOf,
  reply,
  replyAndFin,
  rst,
  stall,
  type Fault,
  type Script,
} from '../servers/fault-script';
import { startFaultServer, type FaultServer, type FaultServerOptions } from '../servers/fault-server';

const BODY = 'Message-ID: <1@x.test>\r\nSubject: test\r\n\r\nbody\r\n';

const mail = (to = ['a@x.test']) => newMail(to, { id: '1', source: BODY });

interface Trial {
  attempt: Attempt;
  /** The dot was announced before it left. */
  dotAnnounced: boolean;
}

describe('the transport', () => {
  let server: FaultServer;
  let transport: Transport;
  const warnings: string[] = [];

  async function open(
    script: Script,
    options: FaultServerOptions = {},
    properties: string[] = [],
  ): Promise<void> {
    server = await startFaultServer({ ...options, script });
    transport = transportTo(server, {
      properties: ['mail.smtp.timeout=500', ...properties],
      connections: 2,
      ...(options.login && { login: options.login }),
      warn: (text) => warnings.push(text),
    });
    warnings.length = 0;
  }

  async function send(to?: string[], signal = new AbortController().signal): Promise<Trial> {
    const one = mail(to);
    let dotAnnounced = false;
    const attempt = await transport.deliver(one, one.envelope.to, {
      signal,
      aboutToSendDot: () => {
        dotAnnounced = true;
        return Promise.resolve();
      },
    });
    return { attempt, dotAnnounced };
  }

  afterEach(async () => {
    transport.close();
    await server.close();
  });

  it('hands a mail over and tells the reply', async () => {
    await open(() => undefined);
    const { attempt, dotAnnounced } = await send(['a@x.test', 'b@x.test']);
    assert.deepEqual(attempt.accepted, ['a@x.test', 'b@x.test']);
    assert.match(attempt.response ?? '', /^250/);
    assert.ok(dotAnnounced);
    const accepted = (await server.ledger.waitFor(1))[0]!;
    assert.equal(accepted.messageId, '<1@x.test>');
    assert.equal(accepted.from, 'me@x.test');
  });

  it('uses a connection for many mails', async () => {
    await open(() => undefined);
    for (let i = 0; i < 5; i++) await send();
    assert.equal(server.connections.total, 1);
    assert.equal(server.ledger.items.length, 5);
  });

  it('has no more connections than it may, however many mails come at once and are refused', async () => {
    let rcpt = 0;
    await open(({ phase }) => (phase === 'rcpt' && ++rcpt % 5 === 0 ? reply('550 5.1.1 no') : undefined));
    const trials = await Promise.all(Array.from({ length: 250 }, () => send()));
    assert.equal(trials.filter(({ attempt }) => attempt.accepted.length > 0).length, 200);
    assert.equal(server.ledger.items.length, 200);
    assert.equal(server.connections.total, 2);
    assert.equal(server.connections.most, 2);
  });

  it('keeps nothing of the mails that were refused over a connection', async () => {
    await open(at('rcpt', reply('550 5.1.1 no')));
    const warned: string[] = [];
    const listen = (warning: Error) => warned.push(warning.message);
    process.on('warning', listen);
    for (let i = 0; i < 15; i++) await send();
    await new Promise(setImmediate);
    process.off('warning', listen);
    assert.deepEqual(warned, []);
    // The next mail does not wait for the answer to RSET.
    assert.ok(server.connections.total <= 2, `${server.connections.total} connections`);
  });

  it('opens a new connection instead of a pause when the server has had enough mails over one', async () => {
    await open(({ phase, transaction }) =>
      phase === 'mail' && transaction > 3
        ? replyAndFin('421 4.7.0 too many mails in this session')
        : undefined,
    );
    const scopes: (string | undefined)[] = [];
    for (let i = 0; i < 8; i++) scopes.push((await send()).attempt.failure?.scope);
    const [none, again] = [undefined, 'connection'];
    assert.deepEqual(scopes, [none, none, none, again, none, none, none, again]);
  });

  it('says goodbye when it is closed', async () => {
    await open(() => undefined);
    await send();
    transport.close();
    await server.commands.waitForOne(({ line }) => line === 'QUIT');
  });

  it('delivers to the accepted recipients and tells of each other one whether it may be tried again', async () => {
    await open(
      firstOf(
        (moment) =>
          moment.phase === 'rcpt' && moment.address === 'later@x.test'
            ? reply('451 4.7.1 greylisted')
            : undefined,
        (moment) =>
          moment.phase === 'rcpt' && moment.address === 'never@x.test'
            ? reply('550 5.1.1 no such user')
            : undefined,
      ),
    );
    const { attempt } = await send(['good@x.test', 'later@x.test', 'never@x.test']);
    assert.deepEqual(attempt.accepted, ['good@x.test']);
    assert.deepEqual(
      attempt.refused.map(({ address, failure }) => [address, failure.permanent]),
      [
        ['later@x.test', false],
        ['never@x.test', true],
      ],
    );
    assert.deepEqual((await server.ledger.waitFor(1))[0]!.recipients, ['good@x.test']);
  });

  it('tells recipients apart when all of them are refused', async () => {
    await open((moment) =>
      moment.phase === 'rcpt' ? reply(moment.address.startsWith('later') ? '451 wait' : '550 no') : undefined,
    );
    const { attempt } = await send(['later@x.test', 'never@x.test']);
    assert.equal(attempt.failure, undefined);
    assert.deepEqual(
      attempt.refused.map(({ failure }) => failure.permanent),
      [false, true],
    );
    assert.equal(server.bodies.items.length, 0);
  });

  // What the server got is known to this test: an attempt may be called anything but sure when the body was complete.
  const faults: [name: string, script: Script, scope: string, complete: boolean][] = [
    ['the connection ends before the greeting', at('greeting', fin()), 'connection', false],
    ['the connection breaks before the greeting', at('greeting', rst()), 'account', false],
    ['the greeting is 421', at('greeting', replyAndFin('421 4.7.0 try later')), 'account', false],
    ['the greeting is 554', at('greeting', replyAndFin('554 go away')), 'account', false],
    ['the greeting never comes', at('greeting', stall()), 'account', false],
    ['EHLO gets no answer', at('ehlo', stall()), 'account', false],
    ['the connection ends at MAIL FROM', at('mail', fin()), 'account', false],
    ['MAIL FROM is answered with 451', at('mail', reply('451 4.3.2 busy')), 'account', false],
    [
      'MAIL FROM is answered with 550 5.4.5 (quota)',
      at('mail', reply('550 5.4.5 Daily user sending limit exceeded')),
      'account',
      false,
    ],
    ['MAIL FROM is answered with 552', at('mail', reply('552 5.3.4 too big')), 'message', false],
    ['the connection breaks at RCPT TO', at('rcpt', rst()), 'account', false],
    ['RCPT TO gets no answer', at('rcpt', stall()), 'account', false],
    ['DATA is answered with 451', at('data', reply('451 4.3.0 later')), 'message', false],
    ['the body is answered with 554', at('dot', reply('554 5.7.1 spam')), 'message', true],
    ['the body is answered with 451', at('dot', reply('451 4.7.1 later')), 'message', true],
    ['the connection ends after the dot', at('dot', fin()), 'ambiguous', true],
    ['the connection breaks after the dot', at('dot', rst()), 'ambiguous', true],
    ['the dot gets no answer', at('dot', stall()), 'ambiguous', true],
    ['the dot gets half an answer', at('dot', { raw: '25', then: 'fin' }), 'ambiguous', true],
    [
      'the dot gets the first line of two',
      at('dot', { raw: '250-almost\r\n', then: 'stall' }),
      'ambiguous',
      true,
    ],
  ];
  for (const [name, script, scope, complete] of faults) {
    it(`calls it a failure of scope ${scope} when ${name}`, async () => {
      await open(script);
      const { attempt, dotAnnounced } = await send();
      const refused = attempt.failure ?? attempt.refused[0]?.failure;
      assert.equal(refused?.scope, scope, refused?.error.message);
      assert.equal(server.bodies.items.length > 0, complete);
      assert.ok(dotAnnounced || !complete, 'a complete body was never announced');
      assert.equal(server.ledger.items.length, 0);
      assert.notEqual(refused?.error.message, '');
    });
  }

  it('calls it a failure of the account, not an ambiguous one, when the connection breaks in the body', async () => {
    await open(at('body', { afterBytes: 10, then: 'rst' }));
    const one = mail();
    const attempt = await transport.deliver(
      {
        ...one,
        // A body of which the rest never comes: nobody can have handed over its dot.
        open: () =>
          Readable.from(
            (async function* () {
              yield Buffer.from(BODY);
              await new Promise(() => undefined);
            })(),
          ),
      },
      one.envelope.to,
      { signal: new AbortController().signal, aboutToSendDot: () => Promise.resolve() },
    );
    assert.equal(attempt.failure?.scope, 'account');
    assert.equal(server.bodies.items.length, 0);
  });

  for (const [how, script] of [
    ['refused halfway', at('body', { afterBytes: 10, reply: '552 5.3.4 too big' })],
    ['cut off halfway', at('body', { afterBytes: 10, then: 'rst' })],
  ] as const) {
    it(`closes the file of a mail that is ${how}`, async () => {
      await open(script);
      const one = mail();
      let closed: () => void;
      const closing = new Promise<void>((resolve) => (closed = resolve));
      await transport.deliver(
        {
          ...one,
          async *open() {
            try {
              for (;;) {
                yield Buffer.alloc(65_536, 'line\r\n');
                await new Promise(setImmediate);
              }
            } finally {
              closed();
            }
          },
        },
        one.envelope.to,
        { signal: new AbortController().signal, aboutToSendDot: () => Promise.resolve() },
      );
      await closing;
    });
  }

  it('tells a permanent refusal of the mail from a temporary one', async () => {
    await open(firstOf(at('dot', reply('554 5.7.1 spam'), 1), at('dot', reply('451 later'), 2)));
    assert.equal((await send()).attempt.failure?.permanent, true);
    assert.equal((await send()).attempt.failure?.permanent, false);
  });

  it('sends no dot when the announcement of the dot fails', async () => {
    await open(() => undefined);
    const one = mail();
    const attempt = await transport.deliver(one, one.envelope.to, {
      signal: new AbortController().signal,
      aboutToSendDot: () => Promise.reject(new Error('the disk is full')),
    });
    assert.notEqual(attempt.failure, undefined);
    assert.equal(attempt.failure?.permanent, false);
    assert.equal(server.bodies.items.length, 0);
  });

  it('ends an attempt when it is told to, and calls it ambiguous only after the dot', async () => {
    const early = new AbortController();
    await open(firstOf(at('rcpt', stall(), 1), at('dot', stall(), 1)), {}, ['mail.smtp.timeout=60000']);
    const first = send(undefined, early.signal);
    await server.commands.waitFor(3);
    early.abort();
    assert.equal((await first).attempt.failure?.scope, 'aborted');

    const late = new AbortController();
    const second = send(undefined, late.signal);
    await server.bodies.waitFor(1);
    late.abort();
    assert.equal((await second).attempt.failure?.scope, 'ambiguous');
  });

  it('says that a connection died that was open since an earlier mail, and opens a new one for the next attempt', async () => {
    await open(({ phase, connection, transaction }) =>
      phase === 'mail' && connection === 1 && transaction === 2 ? fin() : undefined,
    );
    await send();
    assert.equal((await send()).attempt.failure?.scope, 'connection');
    assert.deepEqual((await send()).attempt.accepted, ['a@x.test']);
    assert.equal(server.connections.total, 2);
    assert.equal(server.ledger.items.length, 2);
  });

  describe('when one of two connections that open at once is refused', () => {
    const FIRST = 200;
    const refusing =
      (first: Fault): Script =>
      ({ phase, connection }) => {
        if (phase !== 'greeting') return undefined;
        return connection === 1 ? { delay: FIRST, ...first } : replyAndFin('421 4.7.0 too many connections');
      };

    it('waits for the other one, and says that the mail can go over that', async () => {
      await open(refusing({}));
      const [one, other] = (await Promise.all([send(), send()])).map(({ attempt }) => attempt);
      assert.deepEqual(one?.accepted, ['a@x.test']);
      assert.deepEqual([other?.failure?.scope, other?.working], ['crowded', 1]);
      assert.match(warnings.join(), /127\.0\.0\.1:\d+ takes no more connections than 1 for now/);
      assert.deepEqual((await send()).attempt.accepted, ['a@x.test']);
      assert.equal(server.connections.total, 2);
    });

    it('calls it a failure of the account when the other one fails as well', async () => {
      await open(refusing(replyAndFin('421 4.3.2 shutting down')));
      const scopes = (await Promise.all([send(), send()])).map(({ attempt }) => attempt.failure?.scope);
      assert.deepEqual(scopes, ['account', 'account']);
    });
  });

  it('says when mails go out without the login that was set, because the server offers none', async () => {
    await open(() => undefined, { login: { user: 'ops', password: 'hunter22' } });
    const { attempt } = await send();
    assert.deepEqual(attempt.accepted, ['a@x.test']);
    assert.match(warnings.join(), /127\.0\.0\.1:\d+ offers no login: mails go out without one/);
  });

  it('names a wrong password as what it is, and never shows it', async () => {
    await open(at('auth', reply('535 5.7.8 no, hunter22 is wrong')), {
      auth: ['PLAIN'],
      login: { user: 'ops', password: 'hunter22' },
    });
    const { attempt } = await send();
    assert.equal(attempt.failure?.scope, 'account');
    assert.equal(attempt.failure?.error.code, 'AUTH');
    assert.ok(
      !JSON.stringify([attempt, attempt.failure?.error.message, attempt.failure?.error.stack]).includes(
        'hunter22',
      ),
    );
  });
});

import assert from 'node:assert/strict';
import net from 'node:net';
import { once } from 'node:events';
import nodemailer from 'nodemailer';
import type SMTPTransport from 'nodemailer/lib/smtp-transport';
import { testAuthority } from './certificates';
import { closedAfterEach } from './closing';
import { startFaultServer, type FaultServer, type FaultServerOptions } from './fault-server';
import { at, fin, firstOf, reply, replyAndFin, rst, slow, stall, type Phase } from './fault-script';

describe('the fault server', () => {
  const opened = closedAfterEach();
  const serverWith = (options: FaultServerOptions): Promise<FaultServer> => opened(startFaultServer(options));

  const MAIL = {
    from: 'a@example.com',
    to: ['b@example.com', 'c@example.com'],
    text: 'first\n.dot\n..dots\n',
    messageId: '<one@example.com>',
  };
  function send(server: FaultServer, options: SMTPTransport.Options = {}, mail: object = {}) {
    return nodemailer
      .createTransport({
        host: server.host,
        port: server.port,
        tls: { ca: testAuthority },
        greetingTimeout: 300,
        connectionTimeout: 300,
        socketTimeout: 300,
        ...options,
      })
      .sendMail({ ...MAIL, ...mail });
  }

  const failureCode = (sending: Promise<unknown>): Promise<string | undefined> =>
    sending.then(
      () => 'sent',
      (error: NodeJS.ErrnoException) => error.code,
    );

  it('takes mail like any server when nothing is to go wrong', async () => {
    const server = await serverWith({ keepBodies: true });
    await send(server);
    const [entry] = await server.ledger.waitFor(1);
    assert.equal(entry?.messageId, '<one@example.com>');
    assert.deepEqual(entry.recipients, MAIL.to);
    assert.match(entry.body?.toString() ?? '', /\r\n\r\nfirst\r\n\.dot\r\n\.\.dots\r\n$/);
    assert.equal(entry.reply, '250 2.0.0 queued');
    assert.deepEqual(
      server.commands.items.slice(0, 3).map((command) => command.line.split(' ')[0]),
      ['EHLO', 'MAIL', 'RCPT'],
    );
    assert.deepEqual(server.unanswered(), []);
  });

  it('takes large bodies and several mails on one connection', async () => {
    const server = await serverWith({ keepBodies: true });
    const pool = nodemailer.createTransport({
      pool: true,
      maxConnections: 1,
      host: server.host,
      port: server.port,
    });
    const text = `Subject: dots\r\n\r\n${'.\r\n'.repeat(400_000)}`;
    await pool.sendMail({ envelope: { from: MAIL.from, to: MAIL.to }, raw: text });
    await pool.sendMail(MAIL);
    pool.close();
    assert.deepEqual(
      server.ledger.items.map((entry) => [entry.connection, entry.transaction]),
      [
        [1, 1],
        [1, 2],
      ],
    );
    assert.ok(server.ledger.items[0]?.body?.equals(Buffer.from(text)));
  });

  const phases: Phase[] = ['greeting', 'ehlo', 'mail', 'rcpt', 'data', 'body', 'dot'];
  for (const phase of phases) {
    it(`ends, breaks or holds the connection at ${phase}`, async () => {
      const server = await serverWith({});
      const codes: (string | undefined)[] = [];
      for (const fault of [fin(), rst(), stall()]) {
        server.script = at(phase, fault);
        codes.push(await failureCode(send(server)));
      }
      assert.deepEqual(codes, ['ECONNECTION', 'ESOCKET', 'ETIMEDOUT']);
      assert.deepEqual(server.ledger.items, []);
      assert.equal(server.unanswered().length, phase === 'dot' ? 3 : 0);
    });
  }

  const answers: [Phase, string, object][] = [
    ['greeting', '421 4.7.0 later', { code: 'EPROTOCOL', responseCode: 421 }],
    ['mail', '451 4.3.0 later', { code: 'EENVELOPE', responseCode: 451, command: 'MAIL FROM' }],
    ['rcpt', '550 5.1.1 nobody', { code: 'EENVELOPE', responseCode: 550, command: 'RCPT TO' }],
    ['data', '451 4.3.0 later', { code: 'EENVELOPE', responseCode: 451, command: 'DATA' }],
    ['dot', '554 5.7.1 spam', { code: 'EMESSAGE', responseCode: 554, command: 'DATA' }],
  ];
  for (const [phase, line, expected] of answers) {
    it(`answers "${line}" at ${phase}`, async () => {
      const server = await serverWith({ script: at(phase, reply(line)) });
      await assert.rejects(send(server), expected);
      assert.deepEqual(server.ledger.items, []);
      assert.deepEqual(server.unanswered(), []);
    });
  }

  it('decides by recipient, connection, transaction and how often it has been asked', async () => {
    const server = await serverWith({
      script: firstOf(
        ({ phase, address, count }) =>
          phase === 'rcpt' && address === 'c@example.com' && count === 1
            ? reply('451 4.7.1 greylisted')
            : undefined,
        ({ phase, connection }) => (phase === 'dot' && connection === 2 ? reply('450 busy') : undefined),
      ),
    });
    assert.deepEqual((await send(server)).rejected, ['c@example.com']);
    await assert.rejects(send(server), { responseCode: 450 });
    assert.deepEqual((await send(server)).rejected, []);
    assert.deepEqual(
      server.ledger.items.map((entry) => entry.recipients.length),
      [1, 2],
    );
    assert.equal(server.bodies.items.length, 3);
  });

  it('cuts replies short, delays them, and can talk without end', async () => {
    const server = await serverWith({ script: at('dot', { raw: '25', then: 'fin' }) });
    await assert.rejects(send(server), { code: 'ECONNECTION' });
    assert.equal(server.unanswered().length, 1);

    server.script = at('ehlo', slow(50));
    const start = Date.now();
    await send(server);
    assert.ok(Date.now() - start >= 45);

    server.script = at('ehlo', { endless: { line: '250-more', everyMs: 5 } });
    const signal = AbortSignal.timeout(200);
    await assert.rejects(send(server, {}, { signal }), { code: 'EABORT' });
  });

  it('accepts and then breaks the connection', async () => {
    const server = await serverWith({ script: at('dot', { reply: '250 ok', then: 'fin' }) });
    await send(server);
    assert.equal(server.ledger.items.length, 1);
  });

  it('answers in the middle of a body, reads it slowly, or stops reading it', async () => {
    const text = `${'x'.repeat(70)}\n`.repeat(100_000);
    const server = await serverWith({
      script: at('body', { afterBytes: 10_000, ...replyAndFin('552 5.3.4 too big') }),
    });
    // Only where the server falls silent the time may run out; a busy machine needs more than that for the rest.
    const patient = { socketTimeout: 10_000 };
    await assert.rejects(send(server, patient, { text }), { responseCode: 552 });
    server.script = at('body', { afterBytes: 10_000, then: 'stall' });
    await assert.rejects(send(server, {}, { text }), { code: 'ETIMEDOUT' });
    assert.equal(server.bodies.items.length, 0);
    server.script = at('body', { slowRead: { bytes: 60, everyMs: 20 } });
    const start = Date.now();
    await send(server, patient);
    assert.ok(Date.now() - start >= 60);
  });

  it('has faults for STARTTLS and for the handshake', async () => {
    const server = await serverWith({ security: 'starttls' });
    await send(server, { requireTLS: true });
    assert.equal(server.commands.items.find((command) => command.phase === 'mail')?.secure, true);
    server.script = at('starttls', reply('454 4.7.0 no TLS now'));
    await assert.rejects(send(server, { requireTLS: true }), { code: 'ETLS', responseCode: 454 });
    server.script = at('handshake', rst());
    await assert.rejects(send(server), { code: 'ESOCKET' });
    // Later than the 220: what comes together with it, a client throws away.
    server.script = at('handshake', { delay: 20, raw: 'garbage\r\n' });
    await assert.rejects(send(server), { code: 'ESOCKET' });
    server.script = at('dot', rst());
    await assert.rejects(send(server), { code: 'ESOCKET' });
    assert.equal(server.unanswered().length, 1);
  });

  it('speaks implicit TLS, and the version that the test wants', async () => {
    const server = await serverWith({ security: 'implicit', tls: { maxVersion: 'TLSv1.2' } });
    await send(server, { secure: true });
    await assert.rejects(send(server, { secure: true, tls: { ca: testAuthority, minVersion: 'TLSv1.3' } }), {
      code: 'ESOCKET',
    });
    assert.equal(server.ledger.items.length, 1);
  });

  it('asks for a login with each mechanism, and refuses the wrong one', async () => {
    const server = await serverWith({
      auth: ['PLAIN', 'LOGIN', 'XOAUTH2'],
      login: { user: 'u', password: 'p' },
    });
    await send(server, { auth: { user: 'u', pass: 'p' } });
    await send(server, { authMethod: 'LOGIN', auth: { user: 'u', pass: 'p' } });
    await send(server, { auth: { type: 'OAuth2', user: 'u', accessToken: 'p' } });
    await assert.rejects(send(server, { auth: { user: 'u', pass: 'x' } }), { responseCode: 535 });
    server.script = at('auth', reply('454 4.7.0 too many logins'));
    await assert.rejects(send(server, { auth: { user: 'u', pass: 'p' } }), { responseCode: 454 });
    assert.equal(server.ledger.items.length, 3);
  });

  it('frees its port when it closes, so that it can come back there', async () => {
    const first = await startFaultServer();
    const client = net.connect(first.port, first.host);
    client.on('error', () => undefined);
    await once(client, 'data');
    const closed = new Promise((resolve) => client.once('close', resolve));
    await first.close();
    await closed;
    const second = await serverWith({ port: first.port });
    await send(second);
    assert.equal(second.ledger.items.length, 1);
  });
});

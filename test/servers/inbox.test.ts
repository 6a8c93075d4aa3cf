import assert from 'node:assert/strict';
import nodemailer from 'nodemailer';
import type SMTPTransport from 'nodemailer/lib/smtp-transport';
import { clientCertificate, testAuthority } from './certificates';
import { closedAfterEach } from './closing';
import { startInbox, type Inbox, type InboxOptions } from './inbox';

describe('the inbox', () => {
  const opened = closedAfterEach();
  const inbox = (options?: InboxOptions): Promise<Inbox> => opened(startInbox(options));

  function send(to: Inbox, options: SMTPTransport.Options = {}, mail: object = {}) {
    const transport = nodemailer.createTransport({ host: to.host, port: to.port, ...options });
    return transport.sendMail({
      from: 'pump@example.com',
      to: ['a@example.com', 'b@example.com'],
      subject: 'Überlauf',
      text: 'full',
      ...mail,
    });
  }

  it('remembers a mail, its envelope and its session', async () => {
    const server = await inbox();
    await send(server, { name: 'plant.example.com' });
    const mail = await server.nextMail();
    assert.equal(mail.parsed.subject, 'Überlauf');
    assert.equal(mail.parsed.text?.trim(), 'full');
    assert.deepEqual(mail.envelope, { from: 'pump@example.com', to: ['a@example.com', 'b@example.com'] });
    assert.equal(mail.session.ehloName, 'plant.example.com');
    assert.equal(mail.session.tls, false);
    assert.equal(mail.session.user, null);
    assert.match(mail.raw.toString(), /^Subject: /m);
    assert.deepEqual([server.connections.total, server.connections.most], [1, 1]);
  });

  it('takes a login over STARTTLS and tells user, mechanism and TLS version', async () => {
    const server = await inbox({ security: 'starttls', user: 'u', password: 'p' });
    await send(server, { requireTLS: true, tls: { ca: testAuthority }, auth: { user: 'u', pass: 'p' } });
    const { session } = await server.nextMail();
    assert.deepEqual(
      [session.tls, session.user, session.authMethod, session.tlsVersion],
      [true, 'u', 'PLAIN', 'TLSv1.3'],
    );
  });

  it('refuses a wrong password, and a mail without login', async () => {
    const server = await inbox({ user: 'u', password: 'p' });
    await assert.rejects(send(server, { auth: { user: 'u', pass: 'wrong' } }), { responseCode: 535 });
    await assert.rejects(send(server), { responseCode: 530 });
    assert.deepEqual(server.refusedLogins, ['u']);
    assert.equal(server.mails.items.length, 0);
  });

  it('takes XOAUTH2 tokens and CRAM-MD5', async () => {
    const server = await inbox({ user: 'u', password: 'p', authMethods: ['XOAUTH2', 'CRAM-MD5'] });
    await send(server, { auth: { type: 'OAuth2', user: 'u', accessToken: 'p' } });
    await send(server, { authMethod: 'CRAM-MD5', auth: { user: 'u', pass: 'p' } });
    const mails = await server.waitFor(2);
    assert.deepEqual(
      mails.map((mail) => mail.session.authMethod),
      ['XOAUTH2', 'CRAM-MD5'],
    );
  });

  it('speaks implicit TLS and can ask for a client certificate', async () => {
    const server = await inbox({ security: 'implicit', clientCertificate: true });
    await assert.rejects(send(server, { secure: true, tls: { ca: testAuthority } }));
    await send(server, { secure: true, tls: { ca: testAuthority, ...clientCertificate } });
    assert.equal((await server.nextMail()).session.tls, true);
  });

  it('answers recipients and mails one by one', async () => {
    const server = await inbox({
      recipient: (address) => (address.startsWith('b') ? '550 5.1.1 no such user' : undefined),
      data: (mail) => (mail.parsed.subject === 'later' ? '451 4.3.0 try later' : undefined),
    });
    const info = await send(server);
    assert.deepEqual([info.accepted, info.rejected], [['a@example.com'], ['b@example.com']]);
    await assert.rejects(send(server, {}, { subject: 'later' }), { responseCode: 451 });
    assert.deepEqual((await server.nextMail()).envelope.to, ['a@example.com']);
  });

  it('leaves out capabilities and keeps to its size', async () => {
    const server = await inbox({ size: 1000, without: ['PIPELINING', 'SMTPUTF8'] });
    await assert.rejects(send(server, {}, { text: 'x'.repeat(5000) }), { responseCode: 552 });
    await send(server, {}, { dsn: { notify: 'failure', return: 'headers' } });
    const mail = await server.nextMail();
    assert.equal(mail.parameters.from['RET'], 'HDRS');
    assert.equal(mail.parameters.to[0]?.['NOTIFY'], 'FAILURE');
  });

  it('says which mails did come when the one waited for did not', async () => {
    const server = await inbox();
    await send(server);
    await assert.rejects(
      server.waitForMail((mail) => mail.parsed.subject === 'other', 10),
      /"Überlauf" from pump@example.com to a@example.com, b@example.com/,
    );
  });

  it('counts connections that are open at the same time, and ends them when it closes', async () => {
    const server = await inbox();
    const pool = nodemailer.createTransport({
      pool: true,
      maxConnections: 3,
      host: server.host,
      port: server.port,
    });
    const mail = { from: 'a@example.com', to: 'b@example.com', text: '.' };
    await Promise.all([1, 2, 3].map(() => pool.sendMail(mail)));
    assert.equal(server.connections.most, 3);
    await assert.rejects(server.idle(5), /3 sessions are still open/);
    const idle = server.idle();
    await server.close();
    await idle;
    assert.equal(server.connections.open, 0);
    pool.close();
  });
});

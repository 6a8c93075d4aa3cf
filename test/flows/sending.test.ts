import assert from 'node:assert/strict';
import { certificatePath } from '../servers/certificates';
import { closedAfterEach } from '../servers/closing';
import { startInbox, type Inbox, type InboxOptions } from '../servers/inbox';
import { deployMailFlow, mailFlow } from './mail-flow';
import type { NodeRed } from './node-red';
import { ENVIRONMENT, sharedNodeRed } from './shared-node-red';

describe('a mail on its way through a flow', () => {
  let red: NodeRed;
  const opened = closedAfterEach();
  before(async function () {
    this.timeout(30_000);
    red = await sharedNodeRed();
  });
  const inboxWith = (options: InboxOptions = {}): Promise<Inbox> => opened(startInbox(options));

  it('reaches a relay without login, and the result leaves on the first output', async () => {
    const inbox = await inboxWith();
    const flow = await deployMailFlow(red, { server: inbox, sendEmail: { cc: 'cc@example.com' } });
    const before = Date.now();
    await flow.send({ _msgid: 'one', topic: 'Level high', payload: { level: 7 }, station: 'north' });

    const mail = await inbox.nextMail();
    assert.deepEqual(mail.envelope, {
      from: 'plant@example.com',
      to: ['operator@example.com', 'cc@example.com'],
    });
    assert.equal(mail.parsed.subject, 'Level high');
    assert.match(mail.parsed.html || '', /1: \{.*level.*7.*\}<br>/);
    assert.match(mail.parsed.text ?? '', /^1: \{"level":7\}/);
    assert.equal(mail.parsed.headers.get('auto-submitted'), 'auto-generated');
    assert.equal(mail.parsed.headers.get('x-auto-response-suppress'), 'All');

    const msg = await flow.sent.next();
    const { email } = msg;
    assert.deepEqual([msg._msgid, msg.station, msg.payload], ['one', 'north', { level: 7 }]);
    assert.deepEqual(
      Object.keys(email)
        .filter((key) => email[key] !== undefined)
        .sort(),
      [
        'status',
        'id',
        'messageId',
        'subject',
        'envelope',
        'accepted',
        'rejected',
        'response',
        'attempts',
        'queuedAt',
        'finishedAt',
        'count',
        'messages',
        'attachments',
        'skippedAttachments',
        'duplicatePossible',
        'recovered',
      ].sort(),
    );
    assert.equal(email.status, 'sent');
    assert.equal(email.messageId, mail.parsed.messageId);
    assert.equal(email.subject, 'Level high');
    assert.deepEqual(email.envelope, mail.envelope);
    assert.deepEqual(email.accepted, mail.envelope.to);
    assert.match(email.response, /^250 .*queued as 1/);
    assert.deepEqual(
      [email.rejected, email.attempts, email.count, email.attachments, email.skippedAttachments],
      [[], 1, 1, [], []],
    );
    assert.deepEqual([email.duplicatePossible, email.recovered], [false, false]);
    assert.equal(email.messages[0].station, 'north');
    assert.ok(
      before <= email.queuedAt && email.queuedAt <= email.finishedAt && email.finishedAt <= Date.now(),
    );

    assert.equal((await flow.completed.next())._msgid, 'one');
    assert.equal(mail.session.user, null);
    assert.deepEqual([flow.failed.items, flow.caught.items], [[], []]);
  });

  it('logs in over implicit TLS that a tls-config node vouches for', async () => {
    const inbox = await inboxWith({ security: 'implicit', user: 'plant', password: 'sesame' });
    const flow = mailFlow(red, {
      server: inbox,
      properties: ['mail.smtp.auth=true', 'mail.smtp.ssl.enable=true'],
      credentials: { username: 'plant', password: 'sesame' },
      connector: { tls: 'f7150001' },
    });
    const tls = {
      id: 'f7150001',
      type: 'tls-config',
      name: 'test authority',
      cert: '',
      key: '',
      ca: certificatePath('ca.pem'),
      certname: '',
      keyname: '',
      caname: '',
      servername: '',
      verifyservercert: true,
    };
    await red.deploy([...flow.nodes, tls]);
    await flow.send({ topic: 'secret' });
    const { session } = await inbox.nextMail();
    assert.deepEqual([session.tls, session.user], [true, 'plant']);
    assert.equal((await flow.sent.next()).email.status, 'sent');
  });

  it('logs in after STARTTLS, with credentials and host from the environment', async () => {
    const inbox = await inboxWith({
      security: 'starttls',
      user: ENVIRONMENT.MAIL_USER,
      password: ENVIRONMENT.MAIL_PASSWORD,
    });
    const flow = await deployMailFlow(red, {
      server: { host: '${MAIL_HOST}', port: inbox.port },
      properties: [
        'mail.smtp.auth=true',
        'mail.smtp.starttls.enable=true',
        'mail.smtp.starttls.required=true',
        'mail.smtp.ssl.trust=${MAIL_HOST}',
      ],
      credentials: { username: '${MAIL_USER}', password: '${MAIL_PASSWORD}' },
    });
    await flow.send({ topic: 'x' });
    const { session } = await inbox.nextMail();
    assert.deepEqual([session.tls, session.user], [true, ENVIRONMENT.MAIL_USER]);
  });

  it('fails on the second output and in Catch when the server refuses it for good', async () => {
    const inbox = await inboxWith({ recipient: () => '550 5.1.1 no such user here' });
    const flow = await deployMailFlow(red, { server: inbox });
    await flow.send({ _msgid: 'refused', topic: 'x', payload: 1 });
    const { email } = await flow.failed.next();
    assert.equal(email.status, 'failed');
    assert.deepEqual(email.accepted, []);
    assert.equal(email.rejected.length, 1);
    assert.deepEqual([email.rejected[0].address, email.rejected[0].code], ['operator@example.com', 550]);
    assert.match(email.rejected[0].response, /5\.1\.1 no such user here/);
    assert.equal(email.error.responseCode, 550);
    assert.match(email.error.command, /RCPT/);
    assert.match(email.error.message, /no such user here/);
    assert.ok(email.error.code && email.error.hint);
    assert.deepEqual(email.messages.length, 1);

    const caught = await flow.caught.next();
    assert.equal(caught._msgid, 'refused');
    assert.match(caught.error.message, /no such user here/);
    assert.equal(caught.error.source.type, 'send-email');
    assert.deepEqual([flow.sent.items, flow.completed.items, inbox.mails.items], [[], [], []]);
  });

  it('is sent when some recipients are refused, and names those', async () => {
    const inbox = await inboxWith({
      recipient: (address) => (address.startsWith('gone') ? '550 5.1.1 gone' : undefined),
    });
    const flow = await deployMailFlow(red, {
      server: inbox,
      sendEmail: { to: 'here@example.com; gone@example.com' },
    });
    await flow.send({ topic: 'x' });
    const { email } = await flow.sent.next();
    assert.deepEqual(email.accepted, ['here@example.com']);
    assert.deepEqual(
      email.rejected.map((one: { address: string; code: number }) => [one.address, one.code]),
      [['gone@example.com', 550]],
    );
    assert.deepEqual((await inbox.nextMail()).envelope.to, ['here@example.com']);
    await flow.statuses.waitForOne((status) => status.fill === 'yellow');
  });

  it('carries names, texts and subjects in any script, and only escapes in HTML', async () => {
    const inbox = await inboxWith();
    const flow = await deployMailFlow(red, {
      server: inbox,
      sendEmail: {
        from: 'Насос №1 <plant@example.com>',
        to: '',
        subject: '',
        template: '<p>{{payload}}</p>',
      },
    });
    await flow.send(
      { topic: "O'Brien & Co <pump>", payload: "O'Brien & Co <pump>", to: 'operator@example.com' },
      { topic: 'Füllstand 水位 💧', payload: 'Уровень 水位 💧', to: '"Mäx, 次郎" <operator@example.com>' },
    );
    const [plain, unicode] = await inbox.waitFor(2);
    assert.equal(plain?.parsed.subject, "O'Brien & Co <pump>");
    assert.match(plain.parsed.html || '', /<p>O&#39;Brien &amp; Co &lt;pump&gt;<\/p>/);
    assert.match(plain.parsed.text ?? '', /O'Brien & Co <pump>/);
    assert.equal(unicode?.parsed.subject, 'Füllstand 水位 💧');
    assert.match(unicode.parsed.html || '', /Уровень 水位 💧/);
    assert.equal(unicode.parsed.from?.value[0]?.name, 'Насос №1');
    assert.match(JSON.stringify(unicode.parsed.to), /Mäx, 次郎/);
  });

  it('takes from the msg what the node leaves empty, and a set field wins over the msg', async () => {
    const inbox = await inboxWith();
    const flow = await deployMailFlow(red, {
      server: inbox,
      sendEmail: {
        from: '',
        to: '',
        subject: '',
        replyTo: 'desk@example.com',
        format: 'text',
        template: '{{payload}}',
      },
    });
    await flow.send({
      from: 'pump@example.com',
      to: ['a@example.com', 'b@example.com'],
      cc: 'c@example.com',
      bcc: 'hidden@example.com',
      replyTo: 'ignored@example.com',
      subject: 'from the msg',
      topic: 'not this',
      payload: 'a & b',
      headers: { 'X-Plant': 'north' },
      inReplyTo: '<first@example.com>',
      references: '<first@example.com>',
      priority: 'high',
    });
    const { parsed, envelope, raw } = await inbox.nextMail();
    assert.deepEqual(envelope.to, ['a@example.com', 'b@example.com', 'c@example.com', 'hidden@example.com']);
    assert.equal(envelope.from, 'pump@example.com');
    assert.equal(parsed.subject, 'from the msg');
    assert.equal(parsed.text?.trim(), 'a & b');
    assert.equal(parsed.html, false);
    assert.equal(parsed.replyTo?.value[0]?.address, 'desk@example.com');
    assert.equal(parsed.headers.get('x-plant'), 'north');
    assert.equal(parsed.inReplyTo, '<first@example.com>');
    assert.equal(parsed.headers.get('priority'), 'high');
    const header = raw.toString().split('\r\n\r\n')[0] ?? '';
    assert.doesNotMatch(header, /hidden@example\.com|node-?red|nodemailer|send-email/i);
  });

  it('gives templates the msg, the context stores and the environment', async () => {
    const inbox = await inboxWith();
    const flow = mailFlow(red, {
      server: inbox,
      sendEmail: {
        format: 'text',
        template: '{{connector}}|{{count}}|{{station}}|{{flow.shift}}|{{global.plant}}|{{env.MAIL_HOST}}',
      },
    });
    const { tab, input, sendEmail } = flow.ids;
    const set = {
      id: 'f7150002',
      type: 'change',
      z: tab,
      rules: [
        { t: 'set', p: 'shift', pt: 'flow', to: 'night', tot: 'str' },
        { t: 'set', p: 'plant', pt: 'global', to: 'north', tot: 'str' },
      ],
      wires: [[sendEmail]],
    };
    await red.deploy([
      ...flow.nodes.map((node) => (node.id === input ? { ...node, wires: [['f7150002']] } : node)),
      set,
    ]);
    await flow.send({ topic: 'x', station: 'S1' });
    const title = flow.nodes.find((node) => node.type === 'email-server-connector')?.['title'];
    assert.equal((await inbox.nextMail()).parsed.text?.trim(), `${String(title)}|1|S1|night|north|127.0.0.1`);
  });

  it('refuses to start with a template that does not parse, and says which line', async () => {
    const inbox = await inboxWith();
    const flow = await deployMailFlow(red, {
      server: inbox,
      sendEmail: { template: 'fine\n{{#events}} never closed' },
    });
    await flow.statuses.waitForOne((status) => status.fill === 'red');
    assert.match(red.logs(), /template.*line 2/i);
    assert.equal(red.exit(), undefined);
  });

  for (const outbox of ['disk', undefined]) {
    it(`arrives when the outbox is ${outbox ?? 'not named'}`, async () => {
      const inbox = await inboxWith();
      const flow = await deployMailFlow(red, { server: inbox, connector: { outbox } });
      await flow.send({ topic: 'kept' });
      assert.equal((await inbox.nextMail()).parsed.subject, 'kept');
      assert.equal((await flow.sent.next()).email.status, 'sent');
    });
  }
});

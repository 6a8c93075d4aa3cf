import assert from 'node:assert/strict';
import { startInbox, type Inbox } from '../servers/inbox';
import { deployMailFlow, isProblem, type MailFlow, type MailFlowParts } from './mail-flow';
import { startNodeRed, type Loose, type NodeRed } from './node-red';
import { sharedNodeRed } from './shared-node-red';

/** A server that refuses the recipient `gone@example.com` for good. */
function startServer(): Promise<Inbox> {
  return startInbox({
    recipient: (address) => (address.startsWith('gone@') ? '550 no such user' : undefined),
  });
}

const REPLY = '550 5.1.1 no such user';
const ADDRESSEE = { to: '' };

describe('a Node-RED in German', function () {
  this.timeout(30_000);
  let red: NodeRed;
  let inbox: Inbox;
  before(async () => {
    inbox = await startServer();
    red = await startNodeRed({ env: { LANG: 'de_DE.UTF-8' } });
  });
  after(async () => {
    await red.stop();
    await inbox.close();
  });

  const deploy = (parts: Partial<MailFlowParts> = {}): Promise<MailFlow> =>
    deployMailFlow(red, { server: inbox, sendEmail: ADDRESSEE, ...parts });

  it('has German statuses and errors, with the words of the server as they are', async () => {
    const flow = await deploy();
    await flow.send({ to: 'gone@example.com', payload: 'x' });
    const { email } = await flow.failed.next();
    assert.match(email.error.message, new RegExp(`^Der Server hat den Empfänger abgelehnt .*${REPLY}`));
    assert.equal(email.error.hint, 'Die Adresse prüfen.');
    assert.equal(email.error.code, 'RECIPIENT');
    const { error } = await flow.caught.next();
    assert.match(error.message, /no such user\. Die Adresse prüfen\.$/);
    await flow.statuses.waitForOne(({ text }) => /^\d\d:\d\d:\d\d gescheitert$/.test(text ?? ''));
  });

  it('refuses a msg in German, with names of fields as they are', async () => {
    const flow = await deploy();
    await flow.send({ to: 'nobody', payload: 'x' });
    const { email } = await flow.failed.next();
    assert.match(email.error.message, /^to: "nobody" ist keine E-Mail-Adresse: ihr fehlt das @\./);
  });

  it('tells the reader of a mail in German which file is missing', async () => {
    const flow = await deploy({
      sendEmail: { attach: true, attachFolder: red.userDir, to: 'operator@example.com' },
    });
    await flow.send({ payload: 'none.csv' });
    const { email } = await flow.sent.next();
    assert.match(email.skippedAttachments[0].reason, /^die Datei existiert nicht/);
    const { parsed } = await inbox.mails.next();
    assert.match(String(parsed.text), /Nicht angehängt: none\.csv: die Datei existiert nicht/);
  });

  it('shows what keeps a connector from starting, in German', async () => {
    const flow = await deploy({ properties: ['mail.smtp.timeout=5', 'mail.smtp.ssl.enable=ja'] });
    const { text } = await flow.connectorStatuses.waitForOne(({ fill }) => fill === 'red');
    assert.match(text ?? '', /^INIT_ERROR Zeile 4∶ mail\.smtp\.ssl\.enable ist "ja"∶ Nur true und false/);
    assert.match(red.logs(), /mail\.smtp\.timeout=5 sind 5 Millisekunden/);
  });

  it('shows a problem in German', async () => {
    const flow = await deploy({ server: { host: '127.0.0.1', port: 1 } });
    await flow.send({ to: 'operator@example.com', payload: 'x' });
    const { text } = await flow.connectorStatuses.waitForOne(isProblem);
    assert.match(text ?? '', /Unter diesem Host und Port antwortet nichts/);
  });

  it('answers an editor in English when that is what it speaks', async () => {
    const { settings, errors } = await checked(
      red,
      'en-GB',
      'mail.smtp.host=mail.example.com\nmail.smtp.port=x',
    );
    assert.equal(settings, null);
    assert.match(errors[0].message, /: a port is a number from 1 to 65535/);
  });
});

describe('a Node-RED in English', function () {
  this.timeout(30_000);
  let red: NodeRed;
  let inbox: Inbox;
  before(async () => {
    inbox = await startServer();
    red = await sharedNodeRed();
  });
  after(() => inbox.close());

  it('answers a German editor in German', async () => {
    const german = await checked(red, 'de-AT,en;q=0.8', 'mail.smtp.host=mail.example.com\nmail.smtp.port=x');
    assert.deepEqual(german.errors, [
      {
        line: 2,
        key: 'mail.smtp.port',
        code: 'PORT_INVALID',
        message:
          'mail.smtp.port ist "x": Ein Port ist eine Zahl von 1 bis 65535. Zum Beispiel mail.smtp.port=587 schreiben.',
      },
    ]);
    const { settings } = await checked(red, 'de', 'mail.smtp.host=mail.example.com');
    assert.equal(settings.sentence, 'Klartext zu mail.example.com:25, keine Anmeldung.');
    const { error } = await checked(red, 'de', 7);
    assert.equal(error.message, 'properties ist "7": Erwartet wird ein Text');
  });

  for (const language of ['sv', '', '*', 'xx-YY;q=0.5, ../../de']) {
    it(`answers in English an editor in a language that nobody translated: "${language}"`, async () => {
      const { errors } = await checked(red, language, 'mail.smtp.host=a b');
      assert.match(errors[0].message, /there is a space in it\. Write only the name\.$/);
    });
  }

  it('shows a German editor in a preview what is wrong, at its field', async () => {
    const node = { to: 'nobody', from: 'a@example.com', template: '{{#open}}' };
    const { errors } = await asked(red, 'de', '/send-email/preview', { node, messages: [{ payload: 'x' }] });
    assert.equal(errors.length, 1);
    assert.equal(errors[0].field, 'template');
    assert.match(errors[0].message, /^Das Feld template ist keine gültige Vorlage: Zeile 1: /);
    const second = await asked(red, 'de', '/send-email/preview', {
      node: { ...node, template: 'x' },
      messages: [{ payload: 'x' }],
    });
    assert.equal(second.errors[0].field, 'to');
    assert.match(second.errors[0].message, /^to: "nobody" ist keine E-Mail-Adresse/);
  });

  it('tells a German editor of a connection test in German, and promises no other attempt', async () => {
    const { error, steps } = await asked(red, 'de', '/email-server-connector/none/test', {
      title: 'Test',
      properties: `mail.smtp.host=127.0.0.1\nmail.smtp.port=${inbox.port}`,
      username: '',
      password: '',
      tls: '',
      to: 'operator@example.com',
    });
    assert.equal(steps.length, 0);
    assert.match(error.message, /^Die Testmail hat keinen Absender/);
    const refused = await asked(red, 'de', '/email-server-connector/none/test', {
      title: 'Test',
      properties: `mail.from=plant@example.com\nmail.smtp.host=127.0.0.1\nmail.smtp.port=${inbox.port}`,
      username: '',
      password: '',
      tls: '',
      to: 'gone@example.com',
    });
    assert.equal(
      refused.error.message,
      `Der Server hat den Empfänger abgelehnt (gone@example.com): ${REPLY}`,
    );
    assert.equal(refused.steps.at(-1).detail, REPLY);
  });

  it('stays in English in what a German editor has started', async () => {
    const flow = await deployMailFlow(red, {
      server: inbox,
      properties: ['mail.smtp.ssl.enable=yes'],
      connector: { autostart: false },
    });
    await asked(red, 'de', `/email-server-connector/${flow.ids.connector}/state`, { state: 'RUN' });
    const { text } = await flow.connectorStatuses.waitForOne(({ fill }) => fill === 'red');
    assert.match(text ?? '', /^INIT_ERROR line 3∶ .* only true and false are understood/);
  });
});

/** The answer to a request in a language. */
async function asked(red: NodeRed, language: string, route: string, body: object): Promise<Loose> {
  const response = await fetch(red.url + route, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Accept-Language': language },
    body: JSON.stringify(body),
  });
  return response.json();
}

function checked(red: NodeRed, language: string, properties: unknown): Promise<Loose> {
  return asked(red, language, '/email-server-connector/check', { properties, hasCredentials: false });
}

/** Who a mail is from in its envelope and in its header, and the delivery reports that it asks for. */
import assert from 'node:assert/strict';
import { compose, newMessageId } from '../../../nodes/mail/compose';
import { MAIL_DEFAULTS } from '../../../nodes/mail/config';
import { buildContent } from '../../../nodes/mail/content';
import { compileMessage, prepareEvent } from '../../../nodes/mail/message';
import { closedAfterEach } from '../../servers/closing';
import { startInbox, type Inbox, type InboxOptions } from '../../servers/inbox';
import { goodSettings, NO_LOGIN } from '../../builders';
import { deliver, shows } from './wire';

describe('on the wire, the envelope', () => {
  const closing = closedAfterEach();
  let inbox: Inbox;

  async function lines(more: readonly string[], options: InboxOptions = {}): Promise<string[]> {
    inbox = await closing(startInbox(options));
    return ['mail.smtp.host=127.0.0.1', `mail.smtp.port=${inbox.port}`, ...more];
  }

  for (const [value, sender] of [
    ['bounce@x.test', 'bounce@x.test'],
    ['<bounce@x.test>', 'bounce@x.test'],
    ['<>', ''],
  ] as const) {
    shows('from', `has the sender of mail.smtp.from=${value}, and the From stays`, async () => {
      await deliver(await lines([`mail.smtp.from=${value}`]));
      const { envelope, parsed } = await inbox.nextMail();
      assert.deepEqual([envelope.from, parsed.from?.text], [sender, 'me@x.test']);
    });
  }

  shows('from', 'has the From of the mail when mail.smtp.from is not set', async () => {
    await deliver(await lines([]));
    assert.equal((await inbox.nextMail()).envelope.from, 'me@x.test');
  });

  for (const [title, more, envelopeFrom] of [
    ['and so is the envelope sender', [], 'alerts@x.test'],
    ['and mail.smtp.from is the envelope sender', ['mail.smtp.from=bounce@x.test'], 'bounce@x.test'],
  ] as const) {
    shows('mail.from', `of a mail that names no sender is from mail.from, ${title}`, async () => {
      const text = await lines(['mail.from=Plant 3 <alerts@x.test>', ...more]);
      const { defaultFrom } = goodSettings(text.join('\n'), NO_LOGIN);
      await deliver(text, { mail: await composed({}, defaultFrom) });
      const { envelope, parsed } = await inbox.nextMail();
      assert.equal(parsed.from?.text, '"Plant 3" <alerts@x.test>');
      assert.equal(envelope.from, envelopeFrom);
    });
  }

  shows('mail.from', 'is from the sender that a mail names, before mail.from', async () => {
    const text = await lines(['mail.from=alerts@x.test']);
    await deliver(text, { mail: await composed({ from: 'own@x.test' }, 'alerts@x.test') });
    const { envelope, parsed } = await inbox.nextMail();
    assert.deepEqual([envelope.from, parsed.from?.text], ['own@x.test', 'own@x.test']);
  });

  /** A mail as send-email makes it of one msg. */
  async function composed(msg: { from?: string }, mailFrom: string | null) {
    const { message } = compileMessage({ ...MAIL_DEFAULTS, to: 'a@x.test' });
    assert.ok(message);
    const about = { externals: new Map(), connector: 'test', now: Date.now() } as never as {
      externals: never;
      connector: string;
      now: number;
    };
    const circumstances = mailFrom === null ? about : { ...about, mailFrom };
    const { event } = prepareEvent(message, { ...msg, topic: 'test' }, circumstances);
    const content = buildContent(message, [event], about);
    const { open, size } = compose(content, { messageId: newMessageId('x@x.test'), date: about.now });
    return { open, size, envelope: { from: content.from.address, to: ['a@x.test'] } };
  }

  for (const [keys, from, to] of [
    [['dsn.notify=NEVER'], {}, { NOTIFY: 'NEVER' }],
    [['dsn.notify=failure,delay'], {}, { NOTIFY: 'FAILURE,DELAY' }],
    [['dsn.ret=HDRS  '], { RET: 'HDRS' }, {}],
    [['dsn.ret=full', 'dsn.notify=SUCCESS'], { RET: 'FULL' }, { NOTIFY: 'SUCCESS' }],
    [[], {}, {}],
  ] as const) {
    const asked = keys.length === 0 ? 'no reports without dsn keys' : `the reports of ${keys.join(', ')}`;
    shows('dsn.notify dsn.ret', `asks for ${asked}, for each recipient`, async () => {
      await deliver(await lines(keys.map((key) => `mail.smtp.${key}`)), { to: ['a@x.test', 'b@x.test'] });
      const { parameters } = await inbox.nextMail();
      const reports = (args: Record<string, unknown>) =>
        Object.fromEntries(Object.entries(args).filter(([name]) => ['RET', 'NOTIFY'].includes(name)));
      assert.deepEqual(reports(parameters.from), from);
      assert.deepEqual(parameters.to.map(reports), [to, to]);
    });
  }

  shows('dsn.notify dsn.ret', 'asks for no reports where the server has no DSN', async () => {
    const keys = ['mail.smtp.dsn.ret=HDRS', 'mail.smtp.dsn.notify=FAILURE'];
    await deliver(await lines(keys, { without: ['DSN'] }));
    const { parameters } = await inbox.nextMail();
    assert.ok(!('RET' in parameters.from) && !('NOTIFY' in (parameters.to[0] ?? {})));
  });
});

import assert from 'node:assert/strict';
import { readConfig } from '../../nodes/mail/config';
import { buildContent, type MailContent } from '../../nodes/mail/content';
import { compileMessage, prepareEvent, type MailEvent } from '../../nodes/mail/message';
import type { Msg } from '../../nodes/types';

function content(
  fields: Record<string, unknown>,
  msgs: Msg[],
  change: (event: MailEvent, i: number) => void = () => {},
): MailContent {
  const { message } = compileMessage(readConfig({ from: 'f@x.com', to: 'a@x.com', ...fields }).config);
  assert.ok(message);
  const events = msgs.map((msg, i) => {
    const externals = { 'flow.n': i + 1, 'env.HOST': 'pi' };
    const { event } = prepareEvent(message, msg, { externals, connector: 'Alerts', now: i });
    change(event, i);
    return event;
  });
  return buildContent(message, events, { connector: 'Alerts', now: 0 });
}

describe('The body of a mail', () => {
  it('is the default template for each event, joined', () => {
    const { html } = content({}, [{ payload: 'a <b>' }, { payload: { n: 1 }, error: { message: 'bad' } }]);
    assert.equal(html, '1: a &lt;b&gt;<br><hr>2: {&quot;n&quot;:1}<br>bad<hr>');
  });

  it('is rendered once with {{#events}}, and knows count, first, last, connector and the context', () => {
    const template =
      '{{count}} of {{connector}} on {{env.HOST}}:{{#events}} {{index}}={{event}}/{{flow.n}}{{/events}} {{first.event}}-{{last.event}} {{flow.n}}';
    const { html } = content({ template }, [{ payload: 'a' }, { payload: 'b' }]);
    assert.equal(html, '2 of Alerts on pi: 1=a/1 2=b/2 a-b 1');
  });

  it('shows in each event its own properties, with those of the mail around it', () => {
    const { html } = content({ template: '[{{topic}}{{extra}}{{count}}]' }, [
      { topic: 'a', extra: 'x' },
      { topic: 'b' },
    ]);
    assert.equal(html, '[ax2][b2]');
  });

  it('of format text is not escaped, has no HTML part, and a line for each event', () => {
    const mail = content({ format: 'text', template: '{{event}}' }, [
      { payload: '<a> & b' },
      { payload: 'c\n' },
      { payload: 'd' },
    ]);
    assert.equal(mail.html, undefined);
    assert.equal(mail.text, '<a> & b\nc\nd');
  });

  it('of format html has a text part made from it', () => {
    const { text } = content({ template: '<p>{{event}}</p><a href="http://x.y/z">log</a>' }, [
      { payload: 'a < b' },
    ]);
    assert.match(text, /^a < b\n+log \[http:\/\/x\.y\/z\]$/);
  });

  it('keeps Cyrillic, CJK and emoji', () => {
    const { html, text, subject } = content({ template: '{{event}}', subject: '{{event}}' }, [
      { payload: 'Насос 泵 🚨' },
    ]);
    assert.deepEqual([html, text, subject], Array(3).fill('Насос 泵 🚨'));
  });

  it('may be empty', () => {
    const { html, text } = content({ template: '' }, [{ payload: 'x' }]);
    assert.deepEqual([html, text], ['', '']);
  });
});

describe('The subject of a mail', () => {
  it('is not escaped and comes from the first event', () => {
    const msgs = [{ topic: `O'Brien & Co <pump>` }, { topic: 'other' }];
    assert.equal(content({}, msgs).subject, `O'Brien & Co <pump>`);
    assert.equal(content({ subject: '{{count}}: {{topic}}' }, msgs).subject, `2: O'Brien & Co <pump>`);
  });

  it('is msg.subject, else msg.topic, when the field is empty', () => {
    assert.equal(content({ subject: '' }, [{ subject: 's', topic: 't' }]).subject, 's');
    assert.equal(content({ subject: '' }, [{ topic: 't' }]).subject, 't');
    assert.equal(content({ subject: '{{topic}}' }, [{ subject: 's', topic: 't' }]).subject, 't');
  });

  it('is the title of the connector when there is none', () => {
    for (const msg of [{}, { topic: '' }, { topic: ' \n' }])
      assert.equal(content({}, [msg]).subject, 'Alerts');
    assert.equal(content({ subject: '' }, [{}]).subject, 'Alerts');
  });

  it('is one line, whatever the msg holds', () => {
    assert.equal(
      content({ subject: '{{payload}}' }, [{ payload: 'Alarm\tTank 3\r\n level low\n' }]).subject,
      'Alarm Tank 3 level low',
    );
    assert.equal(content({ subject: '' }, [{ subject: 'a\u2028b\0c\x1b' }]).subject, 'a b c');
  });

  it('has spaces for line breaks that later events bring', () => {
    const change = (event: MailEvent, i: number) => {
      if (i === 1) event.msg.topic = 'b\r\nBcc: evil@x.com\n';
    };
    const { subject } = content(
      { subject: '{{#events}}{{topic}} {{/events}}' },
      [{ topic: 'a' }, { topic: 'b' }],
      change,
    );
    assert.equal(subject, 'a b Bcc: evil@x.com');
  });

  it('is cut to what fits on a header line', () => {
    const { subject } = content({}, [{ topic: 'x'.repeat(5_000_000) }]);
    assert.equal(subject, `${'x'.repeat(900)}…`);
  });
});

describe('A mail of several events', () => {
  it('has the headers of the first and the highest priority', () => {
    const mail = content({ priority: 'low' }, [
      { headers: { 'X-A': '1' }, inReplyTo: '<a@x>', references: '<r@x>' },
      { headers: { 'X-A': '2' }, inReplyTo: '<b@x>', priority: 'normal' },
    ]);
    assert.deepEqual(mail.headers, [{ key: 'X-A', value: '1' }]);
    assert.equal(mail.inReplyTo, '<a@x>');
    assert.equal(mail.references, '<r@x>');
    assert.equal(mail.priority, 'normal');
  });

  it('has the attachments of all, and says in the body of each event which are missing', () => {
    const mail = content({ attachMaxMb: 1 }, [{ payload: 'a' }, { payload: 'b' }], (event, i) => {
      event.attachments = [{ filename: `f${i}.bin`, content: Buffer.alloc(600_000) }];
      if (i === 0) event.skippedAttachments = [{ filename: 'gone.txt', reason: 'the file does not exist.' }];
    });
    assert.deepEqual(
      mail.attachments.map(({ filename }) => filename),
      ['f0.bin'],
    );
    assert.deepEqual(
      mail.skippedAttachments.map(({ filename }) => filename),
      ['gone.txt', 'f1.bin'],
    );
    assert.match(
      mail.html ?? '',
      /^1: a<br>Not attached: gone\.txt: the file does not exist\.<hr>2: b<br>Not attached: f1\.bin: .*<hr>$/,
    );
  });
});

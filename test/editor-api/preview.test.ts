import assert from 'node:assert/strict';
import { MailError } from '../../nodes/types';
import { preview, type PreviewSurroundings } from '../../nodes/editor-api/preview';

const AROUND: PreviewSurroundings = {
  connector: { title: 'Plant mail', mailFrom: null, username: 'plant@example.com' },
  externals: async (names) => Object.fromEntries(names.map((name) => [name, `value of ${name}`])),
  fields: async () => ({ read: async () => ({}), errors: [] }),
  now: 0,
};

function show(node: Record<string, unknown>, messages: unknown[], around: Partial<PreviewSurroundings> = {}) {
  return preview({ node: { to: 'operator@example.com', ...node }, messages }, () => ({
    ...AROUND,
    ...around,
  }));
}

describe('the preview of a mail', () => {
  it('renders the templates over the samples as one mail', async () => {
    const template = '{{#events}}{{index}} of {{count}}: <b>{{event}}</b> {{/events}}';
    const subject = '{{count}} from {{connector}}: {{first.topic}}';
    assert.deepEqual(
      await show({ template, subject }, [{ topic: 'pump', payload: '1 < 2' }, { payload: { level: 3 } }]),
      {
        subject: '2 from Plant mail: pump',
        html: '1 of 2: <b>1 &lt; 2</b> 2 of 2: <b>{&quot;level&quot;:3}</b> ',
        text: '1 of 2: 1 < 2 2 of 2: {"level":3}',
        to: ['operator@example.com'],
        errors: [],
        missing: [],
      },
    );
  });

  it('names tags of the body without a value in these msgs', async () => {
    const node = {
      template: '{{temprature}} {{temperature}} {{payload.unit}} {{error}}',
      subject: '{{nothing}}',
    };
    const { missing, errors } = await show(node, [{ temperature: 3 }, { payload: { unit: 'C' } }]);
    assert.deepEqual([missing, errors], [['temprature'], []]);
  });

  it('uses the defaults of the node', async () => {
    const { subject, html } = await show({}, [{ topic: 'pump', payload: 'on' }, { payload: 'off' }]);
    assert.equal(subject, 'pump');
    assert.equal(html, '1: on<br><hr>2: off<br><hr>');
  });

  it('has no HTML in a mail of format text', async () => {
    const { html, text } = await show({ format: 'text', template: '{{event}}' }, [{ payload: '<b>' }]);
    assert.deepEqual([html, text], [null, '<b>']);
  });

  it('takes recipients from the msg', async () => {
    const { to } = await show({ to: '' }, [{ to: 'Ann <ann@example.com>; bob@example.com' }]);
    assert.deepEqual(to, ['Ann <ann@example.com>', 'bob@example.com']);
  });

  it('gives the templates the values from around the node', async () => {
    const { text } = await show({ template: '{{flow.x}}, {{env.SITE}}' }, [{}]);
    assert.equal(text, 'value of flow.x, value of env.SITE');
    assert.equal(
      (await show({ template: 'a{{flow.x}}b' }, [{}], { externals: async () => ({}) })).text,
      'ab',
    );
  });

  it('gives the fields that are no templates their values, for each msg', async () => {
    const fields: PreviewSurroundings['fields'] = async (typed) => {
      assert.deepEqual([...typed.keys()], ['to', 'subject']);
      return { read: async (msg) => ({ to: msg.who, subject: `about ${String(msg.who)}` }), errors: [] };
    };
    const node = { to: 'who', toType: 'msg', subject: '{{ no template', subjectType: 'jsonata' };
    const { subject, to, errors } = await show(
      node,
      [{ who: ['a@b.test', { name: 'C', address: 'c@d.test' }] }],
      { fields },
    );
    assert.deepEqual(
      [subject, to, errors],
      ['about a@b.test,[object Object]', ['a@b.test', 'C <c@d.test>'], []],
    );
  });

  it('tells a field that can not be read, and its field', async () => {
    const bad = new MailError('FIELD_VALUE', 'It is no valid JSONata expression.', { field: 'cc' });
    const fields = async () => ({ read: async () => ({}), errors: [bad] });
    const { errors } = await show({ cc: '(', ccType: 'jsonata' }, [{}], { fields });
    assert.deepEqual([errors.length, errors[0]?.field, errors[0]?.code], [1, 'cc', 'FIELD_VALUE']);
  });

  const problems: [string, Record<string, unknown>, unknown[], string, string, RegExp][] = [
    [
      'a template that does not parse',
      { template: '{{#a}}\n{{/b}}' },
      [{}],
      'template',
      'TEMPLATE',
      /line 1: Unclosed section/,
    ],
    ['a subject that does not parse', { subject: '{{' }, [{}], 'subject', 'TEMPLATE', /line 1/],
    ['a field out of range', { batchSize: 0 }, [{}], 'batchSize', 'BAD_FIELD', /1 to 1000/],
    ['a wrong address', { to: 'nobody' }, [{}], 'to', 'BAD_ADDRESS', /"nobody"/],
    ['a wrong address in the msg', { to: '' }, [{ to: ['a@b.test', 'no'] }], 'to', 'BAD_ADDRESS', /to\[1\]/],
    ['an address that is not set', { cc: '{{boss}}' }, [{}], 'cc', 'UNSET_VALUE', /\{\{boss\}\}/],
    ['a value that is not set', { to: 'who', toType: 'msg' }, [{}], 'to', 'UNSET_VALUE', /msg\.who/],
    ['a type that is none', { toType: 'number' }, [{}], 'to', 'BAD_FIELD', /toType.*"number"/],
    ['no recipient', { to: '' }, [{}], 'to', 'NO_RECIPIENT', /msg\.to/],
    [
      'a tag of another language',
      { template: '{{payload[0].n}}' },
      [{}],
      'template',
      'FOREIGN_TAG',
      /mustache/,
    ],
    [
      'a time zone that is none',
      { timeZone: 'Berlin' },
      [{}],
      'timeZone',
      'BAD_FIELD',
      /"Berlin".*Europe\/Berlin/,
    ],
    ['a header of two lines', {}, [{ headers: { 'X-A': 'a\r\nb' } }], 'msg.headers', 'BAD_HEADER', /X-A/],
  ];
  for (const [what, node, messages, field, code, named] of problems) {
    it(`tells ${what}, and its field`, async () => {
      const { errors } = await show(node, messages);
      assert.deepEqual(
        errors.map((error) => [error.field, error.code]),
        [[field, code]],
      );
      assert.match(errors[0]?.message ?? '', named);
    });
  }

  it('tells that there is no sender', async () => {
    const connector = { title: '', mailFrom: null, username: 'nobody' };
    const { errors, html } = await show({ template: '{{event}}' }, [{ payload: 'x' }], { connector });
    assert.deepEqual([errors[0]?.field, errors[0]?.code, html], ['from', 'NO_SENDER', 'x']);
  });

  it('shows the mail all the same when only its addresses are wrong', async () => {
    const answer = await show({ to: '{{x}}', template: '{{event}}' }, [
      { payload: 1 },
      { payload: 2, x: 'no' },
    ]);
    assert.equal(answer.html, '12');
    assert.deepEqual(
      answer.errors.map(({ message }) => message.slice(0, 14)),
      ['messages[0]: t', 'messages[1]: t'],
    );
  });

  it('shows the first mail and tells of the others when the samples go to different people', async () => {
    const messages = [
      { to: 'a@b.test', payload: 1 },
      { to: 'c@d.test', payload: 2 },
      { to: 'a@b.test', payload: 3 },
    ];
    const answer = await show({ to: '', template: '{{event}},' }, messages);
    assert.equal(answer.html, '1,3,');
    assert.deepEqual(answer.to, ['a@b.test']);
    assert.deepEqual(
      answer.errors.map(({ field, code }) => [field, code]),
      [['batchBy', 'OTHER_MAIL']],
    );
    assert.match(answer.errors[0]?.message ?? '', /1 of the 3 msgs/);
  });

  it('shows a context store that does not exist as a problem', async () => {
    const externals = () => Promise.reject(new Error('Unknown store'));
    const { errors, html } = await show({ template: 'a{{global[no].x}}' }, [{}], { externals });
    assert.deepEqual([html, errors.length], ['a', 1]);
  });

  it('says the same problem once, and not thousands', async () => {
    const { errors } = await show(
      { to: '' },
      Array.from({ length: 1000 }, () => ({})),
    );
    assert.equal(errors.length, 20);
  });

  it('reads no file', async () => {
    const node = { attach: true, attachFolder: '/', template: '{{event}}{{error}}' };
    const { html, errors } = await show(node, [
      { payload: '/etc/hostname', attachments: [{ path: '/etc/hosts' }] },
    ]);
    assert.deepEqual([html, errors], ['/etc/hostname', []]);
  });

  it('shows a thousand msgs', async () => {
    const messages = Array.from({ length: 1000 }, (_, i) => ({ payload: `event ${i} `.padEnd(500, '.') }));
    const { html, errors } = await show({}, messages);
    assert.deepEqual(errors, []);
    assert.match(html ?? '', /^1: event 0 .*1000: event 999 \.*<br><hr>$/);
  });

  const bombs: [string, Record<string, unknown>, unknown[]][] = [
    [
      'sections in sections',
      { template: '{{#events}}'.repeat(4) + 'x' + '{{/events}}'.repeat(4) },
      Array.from({ length: 1000 }, () => ({})),
    ],
    [
      'a list of the msg over and over',
      { subject: '{{#a}}{{#a}}{{#a}}x{{/a}}{{/a}}{{/a}}' },
      [{ a: Array.from({ length: 1000 }, () => 1) }],
    ],
    [
      'lists in lists by a dot',
      { template: '{{#a}}{{#.}}{{#.}}{{#.}}x{{/.}}{{/.}}{{/.}}{{/a}}' },
      [{ a: [Array.from({ length: 1000 }, () => 1)] }],
    ],
    [
      'a large value over and over',
      { batchBy: '{{payload}}{{event}}'.repeat(10) },
      [{ payload: 'x'.repeat(500_000) }],
    ],
    [
      'all events for each event',
      { template: '{{#events}}{{events}}{{/events}}' },
      Array.from({ length: 1000 }, () => ({ payload: 'x'.repeat(100) })),
    ],
    [
      'tags of another kind',
      { template: `{{=<% %>=}}${'<%#events%>'.repeat(3)}x${'<%/events%>'.repeat(3)}` },
      Array.from({ length: 1000 }, () => ({})),
    ],
  ];
  for (const [what, node, messages] of bombs) {
    it(`does not render ${what}`, async () => {
      const { errors, html } = await show(node, messages);
      assert.deepEqual([errors[0]?.field, errors[0]?.code, html], [Object.keys(node)[0], 'TOO_LARGE', null]);
    });
  }

  it('refuses a msg that is nested deeper than anything shown', async () => {
    let deep: unknown = 1;
    for (let i = 0; i < 1000; i++) deep = { deep };
    await assert.rejects(show({}, [{ payload: deep }]), {
      code: 'BAD_REQUEST',
      message: /more than 200 levels/,
    });
  });

  const bad: [string, unknown, RegExp][] = [
    ['no body', undefined, /The body is missing/],
    ['no node', { messages: [{}] }, /^node is missing/],
    ['a node that is a list', { node: [], messages: [{}] }, /^node is /],
    ['no messages', { node: {} }, /^messages is missing/],
    ['messages that are no list', { node: {}, messages: {} }, /^messages is .*a list of msgs/],
    ['an empty list', { node: {}, messages: [] }, /^messages is "a list of 0"/],
    ['too many messages', { node: {}, messages: Array.from({ length: 1001 }, () => ({})) }, /1 to 1000/],
    ['a message that is no object', { node: {}, messages: [{}, 'x'] }, /^messages\[1\] is "x"/],
  ];
  for (const [what, body, named] of bad) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(
        preview(body, () => AROUND),
        { code: 'BAD_REQUEST', message: named },
      );
    });
  }
});

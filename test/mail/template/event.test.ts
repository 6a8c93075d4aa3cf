import assert from 'node:assert/strict';
import { errorText, eventViews, mailScope } from '../../../nodes/mail/template/event';
import { createFormats } from '../../../nodes/mail/template/formats';
import { compileTemplate } from '../../../nodes/mail/template/template';
import { missingNames, type SeenNames } from '../../../nodes/mail/template/writer';
import type { Msg } from '../../../nodes/types';

const facts = { connector: 'Alerts', now: 1000, formats: createFormats('UTC') };

function viewsOf(...msgs: Msg[]) {
  return eventViews(
    msgs.map((msg, i) => ({ msg, arrivedAt: i * 60_000, externals: {}, skippedAttachments: [] })),
    facts,
  );
}

/** What a template shows of a mail of these msgs, outside of all events. */
function shown(text: string, ...msgs: Msg[]): string {
  return compileTemplate('template', text, facts).render(mailScope(viewsOf(...msgs)), 'none');
}

const CAUGHT = {
  error: { message: 'Boom', source: { id: 'n1', name: 'Pump', type: 'function' }, stack: 'Boom\n at x' },
};

describe('An event', () => {
  it('has the properties of its msg, and index, event, error and time over them', () => {
    const msg = { topic: 't', payload: { a: 1 }, index: 'msg', time: 'msg' };
    assert.equal(
      shown('{{index}} {{event}} [{{error}}] {{time}} {{topic}}', msg),
      '1 {"a":1} [] 1970-01-01T00:00:00+00:00 t',
    );
  });

  it('has the whole msg as `msg`, so that what a name of ours hides can be shown', () => {
    const msg = { payload: 7, count: 12, index: 'i', events: ['e'], msg: { deep: 'd' } };
    assert.equal(
      shown(
        '{{msg.payload}} {{msg.count}} {{msg.index}} {{msg.events.0}} {{msg.deep}} {{#msg}}{{count}}{{/msg}}',
        msg,
      ),
      '7 12 i e d 12',
    );
  });

  it('hides nothing that the msg has below a name of ours', () => {
    assert.equal(
      shown('{{error}}: {{error.message}} in {{error.source.name}} ({{error.source.type}})', CAUGHT),
      'Boom: Boom in Pump (function)',
    );
    assert.equal(
      shown('{{#error}}{{message}} in {{#source}}{{name}}{{/source}}, {{.}}{{/error}}', CAUGHT),
      'Boom in Pump, Boom',
    );
    for (const name of [
      'event',
      'time',
      'index',
      'count',
      'first',
      'last',
      'now',
      'connector',
      'events',
      'firstTime',
      'lastTime',
      'flow',
      'global',
      'env',
    ]) {
      const msg = { payload: 'p', [name]: { type: 'alarm', deep: { er: 1 } } };
      assert.equal(shown(`{{${name}.type}} {{${name}.deep.er}}`, msg), 'alarm 1', name);
      assert.equal(shown(`{{#events}}{{${name}.type}}{{/events}}`, msg), 'alarm', name);
    }
  });

  it('keeps our own values where the msg has something of the name', () => {
    const msg = { first: { colour: 'red' }, payload: 'p', time: { zone: 'CET' } };
    assert.equal(
      shown('{{first.payload}} {{first.colour}} {{time.zone}} {{time.date}}', msg),
      'p red CET Jan 1, 1970',
    );
    assert.equal(shown('{{first.error.source.name}} {{last.error}}', CAUGHT), 'Pump Boom');
  });

  it('shows the error of a Catch node by its message, and a text as it is', () => {
    assert.equal(shown('{{error}}', { error: { message: 'no flow', source: { id: 'n1' } } }), 'no flow');
    assert.equal(shown('{{error}}', { error: 'broken' }), 'broken');
    assert.equal(shown('{{error}}', { error: new Error('bad') }), 'bad');
    assert.equal(shown('{{error}}', { error: { code: 7 } }), '{"code":7}');
    assert.equal(shown('{{#error}}x{{/error}}{{^error}}none{{/error}}', { payload: 1 }), 'none');
  });

  it('says in its error which attachments are missing and why', () => {
    const skipped = [
      { filename: 'a.pdf', reason: 'the file does not exist.' },
      { filename: 'b.mp4', reason: 'it has 48 MB.' },
    ];
    assert.equal(
      errorText(undefined, skipped),
      'Not attached: a.pdf: the file does not exist. Not attached: b.mp4: it has 48 MB.',
    );
    assert.match(errorText('no flow', skipped), /^no flow \| Not attached: a\.pdf/);
    assert.doesNotMatch(errorText('no flow', skipped), /\n/, 'it can stand in a subject');
  });
});

describe('What an event of a batch lacks', () => {
  const READINGS: Msg[] = [
    { topic: 'PT-101', payload: { tag: 'PT-101', value: 91, unit: 'bar', alarm: true } },
    { topic: 'TT-202', payload: { tag: 'TT-202', value: 20 } },
    { payload: { tag: 'LT-303' } },
  ];
  const LINE = '{{topic}} {{payload.tag}} = {{payload.value}} {{payload.unit}};';

  it('is empty, never the value of another event', () => {
    const expected = 'PT-101 PT-101 = 91 bar;TT-202 TT-202 = 20 ; LT-303 =  ;';
    assert.equal(shown(`{{#events}}${LINE}{{/events}}`, ...READINGS), expected);
    const alone = compileTemplate('template', LINE, facts);
    const each = viewsOf(...READINGS).map((view) => alone.render({ view }, 'none'));
    assert.equal(each.join(''), expected);
  });

  it('is empty in sections, in inverted ones and through `msg`', () => {
    const text =
      '{{#events}}{{#payload.alarm}}!{{/payload.alarm}}{{^payload.alarm}}-{{/payload.alarm}}{{#payload}}{{unit}}{{topic}}{{/payload}}[{{msg.topic}}] {{/events}}';
    assert.equal(shown(text, ...READINGS), '!barPT-101[PT-101] -TT-202[TT-202] -[] ');
  });

  it('is empty in an event that stands for itself', () => {
    assert.equal(shown('{{#last}}{{topic}}|{{payload.unit}}{{/last}}{{last.topic}}', ...READINGS), '|');
  });

  it('does not hide the names of the mail', () => {
    assert.equal(
      shown('{{#events}}{{index}}/{{count}} {{connector}} {{/events}}', ...READINGS),
      '1/3 Alerts 2/3 Alerts 3/3 Alerts ',
    );
  });

  it('is not looked for in the first event by an inner list', () => {
    const msgs = [{ unit: 'bar', payload: [{ v: 1 }] }, { payload: [{ v: 2 }, { v: 3, unit: 'K' }] }];
    assert.equal(
      shown('{{#events}}{{#payload}}{{v}}{{unit}} {{/payload}}{{/events}}', ...msgs),
      '1bar 2 3K ',
    );
  });
});

describe('The scope of a mail', () => {
  it('has the properties of the first event, and events, count, first, last, now and connector over them', () => {
    const msgs = [{ topic: 'a', count: 'msg' }, { topic: 'b' }];
    assert.equal(
      shown(
        '{{topic}} {{index}} {{count}} {{first.topic}} {{last.topic}} {{now}} {{connector}} {{events.length}} {{events.1.topic}}',
        ...msgs,
      ),
      'a 1 2 a b 1970-01-01T00:00:01+00:00 Alerts 2 b',
    );
    assert.equal(shown('{{firstTime.clock}} {{lastTime.clock}}', ...msgs), '12:00:00 AM 12:01:00 AM');
  });
});

describe('Texts of several lines', () => {
  const trace = { payload: 'one <1>\r\ntwo\nthree', error: { message: 'a\nb' } };
  const html = (text: string) =>
    compileTemplate('template', text, facts).render(mailScope(viewsOf(trace)), 'html');

  it('keep their lines in HTML as event and error', () => {
    assert.equal(html('{{event}}|{{error}}'), 'one &lt;1&gt;<br>\ntwo<br>\nthree|a<br>\nb');
    assert.equal(html('{{#events}}{{last.event}}{{/events}}'), 'one &lt;1&gt;<br>\ntwo<br>\nthree');
  });

  it('are left alone elsewhere', () => {
    assert.equal(html('{{payload}}{{{event}}}'), `${'one &lt;1&gt;\r\ntwo\nthree'}one <1>\r\ntwo\nthree`);
    assert.equal(shown('{{event}}', trace), 'one <1>\r\ntwo\nthree');
  });
});

describe('Numbers and times', () => {
  it('are shown without the noise of their binary form', () => {
    const msg = { payload: { v: 0.1 + 0.2, list: [1.1 + 2.2, 9007199254740991] }, topic: 1.005 * 1000 };
    assert.equal(
      shown('{{payload.v}} {{payload.list}} {{topic}} {{event}}', msg),
      '0.3 [3.3,9007199254740991] 1005 {"v":0.3,"list":[3.3,9007199254740991]}',
    );
  });

  it('have formats', () => {
    const msg = {
      payload: { t: 21.456, s: '3.14159', n: -0.04, big: 1234567.891, fixed1: 'own', text: 'x' },
    };
    assert.equal(
      shown(
        '{{payload.t.fixed0}} {{payload.t.fixed1}} {{payload.t.fixed2}} {{payload.t.fixed3}} {{payload.s.fixed2}} {{payload.n.fixed1}} {{payload.big.local}}',
        msg,
      ),
      '21 21.5 21.46 21.456 3.14 0.0 1,234,567.891',
    );
    assert.equal(shown('{{payload.fixed1}}[{{payload.text.fixed1}}{{payload.t.fixed4}}]', msg), 'own[]');
  });

  it('show each Date of a msg in the zone', () => {
    const formats = createFormats('Asia/Kolkata');
    const at = new Date(Date.UTC(2026, 10, 26, 16, 8, 21));
    const views = eventViews(
      [{ msg: { payload: { at } }, arrivedAt: at.getTime(), externals: {}, skippedAttachments: [] }],
      { ...facts, formats },
    );
    const text =
      '{{time}} {{payload.at}} {{payload.at.local}} {{payload.at.weekday}} {{event}} {{time.date}} {{time.clock}}';
    assert.equal(
      compileTemplate('template', text, { formats }).render(mailScope(views), 'none'),
      '2026-11-26T21:38:21+05:30 2026-11-26T21:38:21+05:30 Nov 26, 2026, 9:38:21 PM Thursday {"at":"2026-11-26T21:38:21+05:30"} Nov 26, 2026 9:38:21 PM',
    );
  });
});

describe('Names without a value', () => {
  it('are those that no event has', () => {
    const seen: SeenNames = new Map();
    const text =
      '{{#events}}{{temprature}}{{unit}}{{error}}{{#hidden}}{{inside}}{{/hidden}}{{msg.x}}{{/events}}{{payload.v}}';
    compileTemplate('template', text, facts).render(
      mailScope(viewsOf({ temperature: 3, unit: 'C', payload: { v: null } }, {})),
      'none',
      seen,
    );
    assert.deepEqual(missingNames(seen), ['temprature', 'msg.x']);
  });
});

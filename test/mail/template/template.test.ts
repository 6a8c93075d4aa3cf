import assert from 'node:assert/strict';
import { eventViews, mailScope } from '../../../nodes/mail/template/event';
import { createFormats } from '../../../nodes/mail/template/formats';
import { parseExternal, type Externals } from '../../../nodes/mail/template/scope';
import type { Msg } from '../../../nodes/types';
import { foreignTags } from '../../../nodes/mail/template/foreign-tags';
import { compileTemplate } from '../../../nodes/mail/template/template';
import { MailError } from '../../../nodes/types';

function render(text: string, view: unknown, escape: 'html' | 'none' = 'none', strict = false): string {
  return compileTemplate('template', text, { strict }).render({ view }, escape);
}

function failure(action: () => unknown): MailError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof MailError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'nothing was thrown' });
}

describe('A template', () => {
  it('escapes HTML in HTML only, and never what stands in three braces', () => {
    const view = { topic: `O'Brien & Co <pump> "x"` };
    assert.equal(render('{{topic}}', view), view.topic);
    assert.equal(render('{{topic}}', view, 'html'), 'O&#39;Brien &amp; Co &lt;pump&gt; &quot;x&quot;');
    assert.equal(render('{{{topic}}}{{&topic}}', view, 'html'), view.topic + view.topic);
  });

  it('shows objects by their text view', () => {
    assert.equal(render('{{payload}}', { payload: { a: [1] } }), '{"a":[1]}');
    assert.equal(render('{{payload}}', { payload: { a: '<' } }, 'html'), '{&quot;a&quot;:&quot;&lt;&quot;}');
    assert.equal(render('{{{payload}}}', { payload: Buffer.from('hi') }), 'hi');
  });

  it('shows nothing for what is missing', () => {
    assert.equal(render('[{{a}}{{a.b.c}}{{b.c}}]', { b: null }), '[]');
  });

  it('has sections over lists, objects and values, and inverted ones', () => {
    assert.equal(render('{{#l}}{{.}},{{/l}}{{^m}}none{{/m}}', { l: [1, 'b', null] }), '1,b,,none');
    assert.equal(render('{{#o}}{{x}}{{y}}{{/o}}', { o: { x: 1 }, y: 2 }), '12');
    assert.equal(render('{{#l}}{{x}}{{/l}}', { l: [null, 5, 'text'], x: 'o' }), 'ooo');
    assert.equal(render('{{l.length}} {{l.0}} {{s.length}}', { l: ['a', 'b'], s: 'abc' }), '2 a 3');
  });

  it('never calls a function of a msg and never fails at a getter', () => {
    let called = false;
    const view = {
      f: () => {
        called = true;
        return 'x';
      },
      get bad() {
        throw new Error('no');
      },
    };
    assert.equal(render('[{{f}}{{#f}}x{{/f}}{{bad}}{{bad.x}}]', view), '[]');
    assert.equal(called, false);
  });

  it('does not show what every object inherits', () => {
    assert.equal(render('[{{constructor}}{{toString}}{{__proto__}}{{a.constructor.name}}]', { a: {} }), '[]');
  });

  it('keeps its own tags when another node changed the default of mustache', () => {
    const mustache = require('mustache') as { tags: [string, string] };
    const before = mustache.tags;
    mustache.tags = ['<%', '%>'];
    try {
      assert.equal(render('{{a}}', { a: 1 }), '1');
    } finally {
      mustache.tags = before;
    }
  });

  it('knows whether it shows all events itself', () => {
    const has = (text: string) => compileTemplate('template', text).hasEventsSection;
    assert.equal(has('{{#events}}{{event}}{{/events}}'), true);
    assert.equal(has('{{#count}}<ul>{{#events}}x{{/events}}</ul>{{/count}}'), true);
    assert.equal(has('{{event}} {{events.length}} {{^events}}x{{/events}}'), false);
  });

  it('can be used again and again', () => {
    const template = compileTemplate('template', '{{#l}}{{a}}{{/l}}');
    assert.equal(template.render({ view: { l: [{ a: 1 }] } }, 'none'), '1');
    assert.equal(template.render({ view: { l: [{ a: 2 }] } }, 'none'), '2');
  });
});

describe('A template that does not parse', () => {
  for (const [title, text, line, reason] of [
    ['a tag that is not closed', 'a\n{{b}}\n{{c', 3, /Unclosed tag/],
    ['a tag in three braces that is not closed', 'a\n{{{b}}', 2, /Unclosed tag/],
    ['a tag that swallows the next line', 'a\n{{b\n{{c}}', 2, /Unclosed tag/],
    ['a section that is not closed', 'a\n{{#events}}\nb\n', 2, /Unclosed section "events"/],
    ['the second of two sections of one name', '{{#a}}{{/a}}\n{{#a}}\n\n', 2, /Unclosed section "a"/],
    ['sections that overlap', '{{#a}}\n{{#b}}\n{{/a}}', 2, /Unclosed section "b"/],
    ['a section that was not opened', 'a\n\n{{/events}}', 3, /Unopened section "events"/],
    ['a partial', '\n{{> footer}}', 2, /partials/],
    ['a tag without a name', '{{}}', 1, /without a name/],
  ] as const) {
    it(`names the field, the line and the reason of ${title}`, () => {
      const error = failure(() => compileTemplate('subject', text));
      assert.equal(error.code, 'TEMPLATE');
      assert.match(error.message, /subject/);
      assert.match(error.message, new RegExp(`line ${line}:`));
      assert.match(error.message, reason);
      assert.ok(error.hint);
    });
  }

  it('is not one with a comment over several lines', () => {
    assert.equal(render('a{{! one\n{{two }}b', {}), 'ab');
  });
});

describe('External values', () => {
  it('are named as in the core template node', () => {
    assert.deepEqual(parseExternal('env.HOST'), { kind: 'env', name: 'HOST' });
    assert.deepEqual(parseExternal('flow.a.b'), { kind: 'flow', store: undefined, key: 'a.b' });
    assert.deepEqual(parseExternal('global[disk].site'), { kind: 'global', store: 'disk', key: 'site' });
    for (const name of ['flow', 'flow.', 'env', 'payload.flow.x', 'flows.x']) {
      assert.equal(parseExternal(name), undefined, name);
    }
  });

  it('are listed once, wherever they stand', () => {
    const text =
      '{{flow.x}}{{#global[disk].y}}{{env.Z}}{{flow.x}}{{/global[disk].y}}{{^flow.n}}{{/flow.n}}{{topic}}{{! env.NO}}';
    assert.deepEqual([...compileTemplate('to', text).externals].sort(), [
      'env.Z',
      'flow.n',
      'flow.x',
      'global[disk].y',
    ]);
  });

  const scopeOf = (msg: Msg, externals: Externals) =>
    mailScope(
      eventViews([{ msg, arrivedAt: 0, externals, skippedAttachments: [] }], {
        connector: '',
        now: 0,
        formats: createFormats('UTC'),
      }),
    );

  it('are found also inside of sections, where the msg has nothing of the name', () => {
    const scope = scopeOf({ l: [{ a: 1 }] }, { 'env.HOST': 'pi', 'flow.x': { a: 1 } });
    const text = '{{env.HOST}} {{#l}}{{flow.x}}{{/l}}[{{flow.y}}]';
    assert.equal(compileTemplate('template', text).render(scope, 'none'), 'pi {"a":1}[]');
  });

  it('do not hide what the msg has, as in the core template node', () => {
    const msg = {
      env: { HOST: 'msg' },
      flow: { x: 'msg' },
      global: { y: 'msg' },
      l: [{ flow: { x: 'item' } }],
    };
    const scope = scopeOf(msg, { 'env.HOST': 'pi', 'flow.x': 'context', 'global.y': undefined });
    const text = '{{env.HOST}} {{flow.x}} {{global.y}} {{#l}}{{flow.x}} {{env.HOST}}{{/l}}';
    assert.equal(compileTemplate('template', text).render(scope, 'none'), 'msg msg msg item msg');
  });
});

describe('The placeholders of the original', () => {
  it('mean the tags of the same name', () => {
    const scope = mailScope(
      eventViews(
        [
          {
            msg: { payload: 'pump <1>', error: 'late' },
            arrivedAt: 0,
            externals: {},
            skippedAttachments: [],
          },
        ],
        {
          connector: '',
          now: 0,
          formats: createFormats(''),
        },
      ),
    );
    const text = '${index}: ${event}<br>${error}<hr>${other}';
    assert.equal(
      compileTemplate('template', text).render(scope, 'html'),
      '1: pump &lt;1&gt;<br>late<hr>${other}',
    );
  });
});

describe('Tags of other template languages', () => {
  it('are told', () => {
    assert.deepEqual(
      foreignTags('{{#each payload}}{{this}}{{/each}} {{payload[0].n}} {{#if a}} {{a | upper}}'),
      ['each payload', 'each', 'payload[0].n', 'if a', 'a | upper'],
    );
    assert.deepEqual(
      foreignTags('{{payload.0.n}} {{global[disk].site}} {{iframe}} {{each1}} {{{a}}} {{^b}}'),
      [],
    );
    const error = failure(() => compileTemplate('template', '{{#each payload}}x{{/each}}'));
    assert.match(error.hint ?? '', /mustache/);
  });
});

describe('A strict template', () => {
  for (const value of [undefined, null, '', ' \n', [], ['a', undefined], ['a', '']]) {
    it(`refuses a tag whose value is ${JSON.stringify(value)}, naming field and tag`, () => {
      const template = compileTemplate('to', '{{user}}@example.com', { strict: true });
      const error = failure(() => template.render({ view: { user: value } }, 'none'));
      assert.equal(error.code, 'UNSET_VALUE');
      assert.match(error.message, /to: \{\{user\}\}/);
      assert.match(error.hint ?? '', /\{\{#user\}\}/);
    });
  }

  it('leaves a value out that is missing inside its own section', () => {
    assert.equal(render('a@x.com{{#cc}}, {{cc}}{{/cc}}', {}, 'none', true), 'a@x.com');
    assert.equal(
      render('a@x.com{{#cc}}, {{cc}}{{/cc}}', { cc: 'b@x.com' }, 'none', true),
      'a@x.com, b@x.com',
    );
  });

  it('reads a list as several addresses', () => {
    assert.equal(render('{{{to}}}', { to: ['a@x.com', 'b@x.com'] }, 'none', true), 'a@x.com, b@x.com');
  });

  it('reads an address with a name, as msg.to may be one', () => {
    const to = [{ name: 'Pump, east', address: 'a@x.com' }, { address: 'b@x.com' }];
    assert.equal(render('{{to}}', { to }, 'none', true), '"Pump, east" <a@x.com>, b@x.com');
  });
});

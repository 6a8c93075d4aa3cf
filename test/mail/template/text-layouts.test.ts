import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readConfig } from '../../../nodes/mail/config';
import { buildContent } from '../../../nodes/mail/content';
import { compileMessage, prepareEvent } from '../../../nodes/mail/message';
import { htmlToPlainText } from '../../../nodes/mail/template/html-text';
import { TEMPLATES, templateText } from '../../../nodes/editor/send-email/templates';
import type { Msg } from '../../../nodes/types';

/** A node that mails these msgs, one mail for each call. */
function mailer(template?: string) {
  const fields = { from: 'me@x.test', to: 'ops@x.test', batchSize: 1000, ...(template && { template }) };
  const { message, errors } = compileMessage(readConfig(fields).config);
  assert.ok(message, errors[0]?.message);
  return (...msgs: Msg[]) => {
    const events = msgs.map(
      (msg) =>
        prepareEvent(message, msg, {
          externals: {},
          connector: 'Plant',
          now: 1_764_000_000_000,
          username: '',
        }).event,
    );
    return buildContent(message, events, { connector: 'Plant', now: 1_764_000_000_000 });
  };
}

/** Texts as flows bring them: words, all kinds of white space, markup, and what stands for values. */
const texts = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.constantFrom('Tank 3', 'low', '&', '<b>', "it's", '"', '8.4', 'ü', '\u{1F514}'),
      },
      {
        weight: 3,
        arbitrary: fc.constantFrom(' ', '\n', '\r\n', '\t', '  ', '\u00a0', '\u200b', '\f', '\r'),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom('\uE000', '\uE0000\uE001', '&nbsp;', '<pre>', '</td>', '&amp;'),
      },
    ),
    { maxLength: 8 },
  )
  .map((pieces) => pieces.join(''));

const msgs = fc.array(
  fc.record({
    topic: texts,
    payload: texts,
    error: texts,
    link: texts,
    list: fc.array(texts, { maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 3 },
);

const CASES: [string, string | undefined][] = [
  ['the default template', undefined],
  ['a value next to a value', '{{topic}}{{payload}} {{event}}{{link}}<br>{{error}}'],
  ['values among white space', '<p> {{topic}} </p>\n <p>\t{{event}}\n</p>{{#error}} ! {{error}} {{/error}}'],
  [
    'a table',
    '<table>{{#events}}<tr><td>{{index}}</td><td>{{event}}</td><td>{{link}}</td></tr>{{/events}}</table>',
  ],
  ['a list', '<ul>{{#list}}<li>{{.}}</li>{{/list}}</ul><ol><li>{{topic}}<li>{{payload}}</ol>'],
  ['headings', '<h1>{{topic}}</h1>{{event}}<h2>{{link}}</h2>'],
  ['a value in a link', '<a href="{{link}}">{{link}}</a> <a href="https://x.test/{{topic}}">{{event}}</a>'],
  ['a value in the text of a picture', '<img src="cid:x" alt="{{topic}}">{{event}}'],
  ['text that is kept as it is', '<pre>{{event}}</pre>{{topic}}'],
  ['HTML of a msg', '{{{payload}}}{{event}}{{&link}}'],
  ['a style sheet', '<style>p { color: {{topic}} }</style><p>{{event}}</p>'],
  ['our marks in the template', '\uE0000\uE001 {{event}} \uE000{{topic}}\uE001'],
];

describe('the text part of an HTML mail', () => {
  for (const [what, template] of CASES) {
    it(`is the layout of its HTML, whatever the values: ${what}`, () => {
      const mail = mailer(template);
      fc.assert(
        fc.property(msgs, (events) => {
          // Twice: with a layout that is made for it, and with one that is known.
          for (let round = 0; round < 2; round++) {
            const { html = '', text } = mail(...events);
            assert.equal(text, htmlToPlainText(html));
          }
        }),
        { numRuns: 150 },
      );
    });
  }

  for (const id of TEMPLATES) {
    it(`is the layout of its HTML: template "${id}" of the dialog`, () => {
      const mail = mailer(templateText(id, (word) => word));
      fc.assert(
        fc.property(msgs, (events) => {
          const { html = '', text } = mail(...events);
          assert.equal(text, htmlToPlainText(html));
        }),
        { numRuns: 60 },
      );
    });
  }

  it('has a layout of its own for each template and each number of events', () => {
    const mail = mailer();
    assert.match(mail({ payload: 'one' }).text, /^1: one\n/);
    assert.match(mail({ payload: 'two' }, { payload: 'three' }).text, /^1: two\n[^]*2: three\n/);
    assert.match(mail({ payload: 'four', error: 'no file' }).text, /^1: four\nno file\n/);
  });
});

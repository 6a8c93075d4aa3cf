import assert from 'node:assert/strict';
import {
  isUneditedTemplate,
  TEMPLATES,
  templateText,
  type TemplateId,
} from '../../../nodes/editor/send-email/templates';
import { preview } from '../../../nodes/editor-api/preview';

const words = (word: string) => `word-${word}`;
const MESSAGES = [
  { topic: 'Pump <3>', payload: 'Pressure & heat' },
  { topic: 'Pump 4', payload: { bar: 8.4 }, error: 'The file a.csv is missing' },
];
const AROUND = {
  connector: { title: 'Alerts', mailFrom: null, username: 'alerts@example.com' },
  externals: () => Promise.resolve({}),
  fields: () => Promise.resolve({ read: () => Promise.resolve({}), errors: [] }),
  now: Date.UTC(2026, 0, 1),
};

async function mail(id: TemplateId, messages: object[] = MESSAGES) {
  const node = { to: 'a@example.com', template: templateText(id, words) };
  const { html, text, errors } = await preview({ node, messages }, () => AROUND);
  assert.deepEqual(errors, []);
  return { html: html ?? '', text };
}

describe('templates to start from', () => {
  for (const id of TEMPLATES.filter((one) => one !== 'asIs')) {
    describe(id, () => {
      it('shows every event with its error, in HTML and in text', async () => {
        const { html, text } = await mail(id);
        assert.match(html, /Pressure &amp; heat[^]*8\.4[^]*The file a\.csv is missing/);
        assert.match(text, /Pressure & heat[^]*8\.4[^]*The file a\.csv is missing/);
        assert.equal(html.match(/word-error/g)?.length, 1);
      });

      it('lets no value become HTML', () => {
        assert.doesNotMatch(templateText(id, words), /\{\{\{|\{\{&/);
      });

      it('is one mail for all events', async () => {
        const { html } = await mail(id);
        assert.ok((html.match(/<(body|ul)\b/g)?.length ?? 0) <= 1);
      });

      it('loads nothing', () => {
        assert.doesNotMatch(templateText(id, words), /\b(src|href|url|@import)\b/i);
      });

      it('has every tag closed', async () => {
        const { html } = await mail(id);
        for (const tag of ['table', 'tr', 'td', 'th', 'div', 'span', 'ul', 'li', 'p', 'style', 'body']) {
          const opened = html.match(new RegExp(`<${tag}[ >]`, 'g'))?.length ?? 0;
          assert.equal(html.match(new RegExp(`</${tag}>`, 'g'))?.length ?? 0, opened, tag);
        }
      });

      it('gives each colour of the sheet a dark one', () => {
        const text = templateText(id, words);
        const dark = new Set([...text.matchAll(/^ {4}\.(\w+) \{/gm)].map(([, name]) => name as string));
        const elements = text.match(/<[^>]*#[0-9a-f]{6}[^>]*>/g) ?? [];
        for (const element of elements) {
          const classes = /class="([^"]+)"/.exec(element)?.[1]?.split(' ') ?? [];
          assert.ok(
            classes.some((name) => dark.has(name)),
            element,
          );
        }
      });

      it('repeats each background where Outlook looks for it', () => {
        for (const element of templateText(id, words).match(/<[^>]*background-color[^>]*>/g) ?? []) {
          const [, style] = /background-color: (#\w+)/.exec(element) ?? [];
          assert.match(element, new RegExp(`bgcolor="${style}"`));
        }
      });

      it('has no layout that Outlook does not know', () => {
        assert.doesNotMatch(templateText(id, words), /flex|grid|float|position:|calc\(|var\(/);
      });
    });
  }

  describe('asIs', () => {
    const body = async (msg: object) => {
      const { html, text } = await mail('asIs', [msg]);
      return { html, text };
    };

    it('sends HTML unchanged', async () => {
      const { html, text } = await body({ payload: '<h1>Pump &amp; heat</h1><p>8.4</p>' });
      assert.equal(html, '<h1>Pump &amp; heat</h1><p>8.4</p>');
      assert.match(text, /Pump & heat[^]*8\.4/);
    });

    it('sends text as it reads, with what HTML gives a meaning', async () => {
      const { html } = await body({ payload: 'a < b & c\r\nlevel   8.4' });
      assert.equal(html, 'a &lt; b &amp; c<br>\nlevel&nbsp;&nbsp; 8.4');
    });

    it('sends objects as JSON, and what has no payload without a body', async () => {
      assert.equal((await body({ payload: { bar: 8.4 } })).html, '{&quot;bar&quot;:8.4}');
      assert.equal((await body({})).html, '');
    });

    it('does not hide what a msg has below the name', async () => {
      assert.equal((await body({ payload: 'ours', event: { html: 'theirs' } })).html, 'theirs');
    });
  });

  it('are replaced without a question, as is the default, but nothing that was edited', () => {
    const byDefault = '{{event}}';
    for (const text of ['', ' ', byDefault, `${templateText('card', words)}\n`]) {
      assert.equal(isUneditedTemplate(text, byDefault, words), true, text);
    }
    for (const text of ['{{event}}!', templateText('card', words).replace('20px', '21px')]) {
      assert.equal(isUneditedTemplate(text, byDefault, words), false, text);
    }
  });
});

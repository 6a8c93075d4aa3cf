import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { catalogueOf, languages, loadCatalogue, readCatalogue } from '../../nodes/language/catalogue';
import { inLanguage } from '../../nodes/language/language';
import { N_, t, textIn, translate } from '../../nodes/language/text';

/** As a template literal gives its parts. */
function textOf(catalogue: Record<string, unknown>) {
  return (strings: TemplateStringsArray, ...values: (string | number)[]) =>
    textIn(readCatalogue(catalogue), strings, values);
}

describe('a text for people', () => {
  it('is what the code says when there is no translation', () => {
    const limit = 5;
    assert.equal(
      t`The outbox holds ${limit} mails already (outboxLimit)`,
      'The outbox holds 5 mails already (outboxLimit)',
    );
    assert.equal(textOf({})`no value`, 'no value');
    assert.equal(textOf({})`${1}${'b'}`, '1b');
  });

  it('is one line, however many the source has for it', () => {
    assert.equal(
      t`The first sentence.
        The second, with ${2}
        values: ${'\n  this one stays as it is'}`,
      'The first sentence. The second, with 2 values: \n  this one stays as it is',
    );
  });

  it('has its values where the translation wants them', () => {
    const text = textOf({ '__count__ of __all__ mails': 'von __all__ Mails __count__, also __count__' });
    assert.equal(text`${2} of ${7} mails`, 'von 7 Mails 2, also 2');
  });

  it('keeps braces, dollars and underscores that are no values', () => {
    const text = textOf({
      'Write {{#__name__}} or ${NAME}': '{{#__name__}} oder ${NAME} schreiben, nicht __PWRD',
    });
    assert.equal(text`Write {{#${'x'}}} or \${NAME}`, '{{#x}} oder ${NAME} schreiben, nicht __PWRD');
  });

  it('does not take a value for a place of another value', () => {
    const text = textOf({ '__a__ and __b__': '__b__ und __a__' });
    assert.equal(text`${'__b__'} and ${'$1'}`, '$1 und __b__');
  });

  it('is English when its translation is empty, no text, or names an unknown value', () => {
    for (const translation of ['', 7, null, 'mit __other__']) {
      assert.equal(textOf({ 'with __value__': translation })`with ${1}`, 'with 1');
    }
  });

  it('of a table is translated when it is shown', () => {
    const what = N_('The server refused the mail');
    assert.equal(what, 'The server refused the mail');
    assert.equal(translate(what), what);
    assert.equal(
      inLanguage('de', () => translate(what)),
      'Der Server hat die Mail abgelehnt',
    );
    assert.equal(
      inLanguage('de', () => translate('in no catalogue')),
      'in no catalogue',
    );
  });

  it('is in the language of the work that asks for it, whenever that goes on', async () => {
    const ask = async () => {
      await new Promise(setImmediate);
      return t`The connector stops`;
    };
    const [german, english, back] = await Promise.all([
      inLanguage('de', ask),
      ask(),
      inLanguage('de', () => inLanguage(null, ask)),
    ]);
    assert.deepEqual(
      [german, english, back],
      ['Der Connector wird gestoppt', 'The connector stops', 'The connector stops'],
    );
  });
});

describe('a catalogue', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(path.join(tmpdir(), 'catalogue-'))));
  after(() => rmSync(folder, { recursive: true }));

  it('that is missing or broken has no translations, and nothing fails', () => {
    assert.equal(loadCatalogue(path.join(folder, 'missing.json')).size, 0);
    for (const content of ['', '{"a": ', 'null', '[1]']) {
      const file = path.join(folder, 'broken.json');
      writeFileSync(file, content);
      assert.equal(loadCatalogue(file).size, 0, content);
    }
  });

  it('is there for German, and none for English or a language that nobody translated', () => {
    assert.ok(languages().includes('en-US') && languages().includes('de'));
    assert.ok(catalogueOf('de').size > 400);
    for (const language of ['en-US', 'xx', '../de', ''])
      assert.equal(catalogueOf(language).size, 0, language);
  });
});

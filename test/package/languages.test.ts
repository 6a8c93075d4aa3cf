import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { PROTOCOL_ROWS, SESSION_ROWS } from '../../nodes/properties/table/table';
import { AMBIGUOUS, RULES, STOPPED, UNKNOWN } from '../../nodes/failures/rules';
import { allMessages, runtimeSources } from '../../scripts/messages';
import { faultsOfHelp, faultsOfKeys, faultsOfMessages } from './catalogues';
import { read, readJson, ROOT, TYPES } from './dist';

const LANGUAGES = readdirSync(path.join(ROOT, 'locales')).filter((language) => language !== 'en-US');
const TEXTS = allMessages().map(({ text }) => text);

describe('languages', () => {
  it('English has no catalogue of messages: its texts are in the code', () => {
    assert.ok(TEXTS.length > 400);
    assert.ok(!existsSync(path.join(ROOT, 'locales', 'en-US', 'messages.json')));
  });

  it('every table text that is shown is marked for translation', () => {
    const rows = [...SESSION_ROWS, ...PROTOCOL_ROWS].filter(
      ({ status, conditional }) => status !== 'supported' && !conditional,
    );
    const shown = [
      ...rows.map(({ here }) => here),
      ...[...RULES, AMBIGUOUS, STOPPED, UNKNOWN].flatMap(({ what, hint }) => [what, hint ?? what]),
    ];
    assert.deepEqual(
      shown.filter((text) => !TEXTS.includes(text)),
      [],
    );
  });

  it('no error, finding, warning or hint has a text that is not marked', () => {
    assert.deepEqual(
      runtimeSources().flatMap(({ file, source }) => bareTexts(file, source)),
      [],
    );
    assert.equal(bareTexts('a.ts', "new MailError('X', 'bare', { hint: `bare ${a}` });").length, 2);
    assert.equal(
      bareTexts('a.ts', "findings.warn('X', a ? t`b` : 'bare ' + c); warn('bare'); throw new Error('bare');")
        .length,
      3,
    );
  });

  for (const language of LANGUAGES) {
    describe(language, () => {
      it('has a translation of every message, with its values', () => {
        assert.deepEqual(faultsOfMessages(TEXTS, readJson('locales', language, 'messages.json')), []);
      });

      for (const type of TYPES) {
        it(`has every text of ${type}, with its values`, () => {
          const english = readJson('locales', 'en-US', `${type}.json`);
          const translated = readJson<{ language: string }>('locales', language, `${type}.json`);
          assert.deepEqual(faultsOfKeys(english, translated), []);
          assert.equal(translated.language, language);
        });

        it(`has the help of ${type} as the English one is`, () => {
          const file = `${type}.html`;
          assert.deepEqual(faultsOfHelp(read('locales', 'en-US', file), read('locales', language, file)), []);
        });
      }
    });
  }
});

describe('a translation is not right', () => {
  it('without a message, with an empty one, or with one that nothing shows', () => {
    assert.deepEqual(faultsOfMessages(['a', 'b'], { a: 'A', b: 'B' }), []);
    assert.deepEqual(faultsOfMessages(['a', 'b'], { a: 'A' }), ['no translation: b']);
    assert.deepEqual(faultsOfMessages(['a'], { a: ' ' }), ['empty: a']);
    assert.deepEqual(faultsOfMessages(['a'], { a: 'A', b: 'B' }), ['not in the sources: b']);
  });

  it('without a value of the original, or with another one', () => {
    const text = '__a__ of __b__';
    assert.deepEqual(faultsOfMessages([text], { [text]: '__b__, __a__, __a__' }), []);
    assert.deepEqual(faultsOfMessages([text], { [text]: 'nur __b__' }), [
      `has the values b and not a, b: ${text}`,
    ]);
    assert.equal(faultsOfMessages([text], { [text]: '__a__ __b__ __c__' }).length, 1);
    assert.equal(faultsOfMessages([text], { [text]: '{a} __b__' }).length, 1);
  });

  it('without a key of the dialogs, with one besides, or with other values', () => {
    const english = { label: { to: 'To', min: 'at least __min__' } };
    assert.deepEqual(faultsOfKeys(english, { label: { to: 'An', min: 'mindestens __min__' } }), []);
    assert.deepEqual(faultsOfKeys(english, { label: { to: 'An' } }), ['no translation: label.min']);
    assert.equal(faultsOfKeys(english, { label: { to: 'An', min: '__min__', x: 'X' } }).length, 1);
    assert.equal(faultsOfKeys(english, { label: { to: 'An', min: '__max__' } }).length, 1);
  });

  it('when its help has another outline or other code', () => {
    const english = '<h3>Inputs</h3><dl><dt>a</dt><dd>one <code>x</code></dd></dl>';
    assert.deepEqual(
      faultsOfHelp(english, '<h3>Eingänge</h3><dl><dt>a</dt><dd><code>x</code> eins</dd></dl>'),
      [],
    );
    assert.equal(faultsOfHelp(english, '<h3>Eingänge</h3><dl><dd>eins <code>x</code></dd></dl>').length, 1);
    assert.equal(faultsOfHelp(english, `${english}<h3>Mehr</h3>`).length, 1);
    assert.deepEqual(faultsOfHelp(english, english.replace('>x<', '>y<')), [
      'no <code>x</code>',
      '<code>y</code> is not in en-US',
    ]);
  });
});

/** The places where a text for people stands in the code as it is. */
function bareTexts(file: string, source: string): string[] {
  const root = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const check = (text: ts.Expression | undefined): void => {
    if (text === undefined) return;
    if (ts.isConditionalExpression(text)) [text.whenTrue, text.whenFalse].forEach(check);
    if (ts.isBinaryExpression(text)) [text.left, text.right].forEach(check);
    if (ts.isParenthesizedExpression(text)) check(text.expression);
    const literal = ts.isStringLiteralLike(text) || ts.isTemplateExpression(text);
    const words = literal ? text.getText().replace(/\$\{[^}]*\}/g, '') : '';
    if (/[a-z]{2}/i.test(words)) found.push(`${file}: ${text.getText()}`);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText() === 'MailError') check(node.arguments?.[1]);
    if (ts.isNewExpression(node) && node.expression.getText() === 'Error') check(node.arguments?.[0]);
    if (ts.isPropertyAssignment(node) && ['hint', 'reason', 'what'].includes(node.name.getText())) {
      check(node.initializer);
    }
    if (ts.isCallExpression(node)) {
      const callee = node.expression.getText();
      if (/^findings\.(?:error|warn)$/.test(callee)) check(node.arguments[1]);
      if (/^(?:warn|warnings\.push)$/.test(callee)) check(node.arguments[0]);
    }
    ts.forEachChild(node, visit);
  };
  visit(root);
  return found;
}

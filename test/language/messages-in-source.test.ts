import assert from 'node:assert/strict';
import { messagesIn } from '../../scripts/messages-in-source';
import { updated } from '../../scripts/messages';

/** The texts of a function with this body. */
function textsOf(body: string): string[] {
  return messagesIn('a.ts', `function f() { ${body} }`).map(({ text }) => text);
}

describe('the texts of a source', () => {
  it('are what t and N_ hold, with file and line', () => {
    const source = "const a = N_('first');\nconst b = () => t`second`;\nconst c = 'third', d = `fourth`;";
    assert.deepEqual(
      messagesIn('x.ts', source).map(({ text, place }) => [text, place]),
      [
        ['first', 'x.ts:1'],
        ['second', 'x.ts:2'],
      ],
    );
  });

  for (const [code, text] of [
    ['t`${limit} mails`', '__limit__ mails'],
    ['t`${policy.limit} mails`', '__limit__ mails'],
    ['t`${mails.length} mails`', '__mails__ mails'],
    ['t`${others.length + 1} mails`', '__others__ mails'],
    ["t`${reader.key('ssl.enable')}=true`", '__sslEnable__=true'],
    ["t`one of ${values.join(', ')}`", 'one of __values__'],
    ['t`is ${findings.show(property.written)}`', 'is __written__'],
    ['t`is ${String(error ?? other)}`', 'is __error__'],
    ['t`is ${(error as Error).message}`', 'is __message__'],
    ["t`is ${found[0] ?? ''}`", 'is __found__'],
    ["t`is ${a ? 'x' : name}`", 'is __name__'],
    ['t`${a.name} and ${b.name} and ${a.name}`', '__name__ and __name2__ and __name__'],
    ['t`is ${`made up`}`', 'is __value__'],
    ['t`a \\`quoted\\` \\${NAME} \\\\u`', 'a `quoted` ${NAME} \\u'],
    ['t`first\n        second ${a}\n        third`', 'first second __a__ third'],
  ] as const) {
    it(`names the values of ${code.replace(/\n\s*/g, '⏎')}`, () => assert.deepEqual(textsOf(code), [text]));
  }

  it('inside a value of another text are texts too', () => {
    assert.deepEqual(textsOf('t`outer ${list.map((item) => t`inner ${item}`)}`'), [
      'outer __list__',
      'inner __item__',
    ]);
  });

  it('can not be translated when the file is loaded', () => {
    assert.throws(() => messagesIn('a.ts', 'const hint = t`Too early`;'), /a\.ts:1: .*Too early/);
  });

  it('must be known without running the code', () => {
    assert.throws(() => messagesIn('a.ts', 'const hint = N_(`a ${b}`);'), /N_ takes one text/);
    assert.throws(() => messagesIn('a.ts', 'const hint = N_(other);'), /N_ takes one text/);
    assert.throws(() => textsOf('t`two\\nlines`'), /line break/);
  });
});

describe('npm run messages', () => {
  const messages = messagesIn('a.ts', 'function f() { t`new`; t`${now} of ${all}`; t`kept`; }');

  it('keeps what is translated, brings what is new, drops what is gone, in the order of the sources', () => {
    const before = { kept: 'behalten', gone: 'weg', '__now__ of __all__': 'von __all__ __now__' };
    assert.deepEqual(Object.entries(updated(before, messages)), [
      ['new', ''],
      ['__now__ of __all__', 'von __all__ __now__'],
      ['kept', 'behalten'],
    ]);
  });

  it('keeps a translation whose values have other names in the code now', () => {
    const before = { '__count__ of __total__': '__total__: davon __count__' };
    assert.equal(updated(before, messages)['__now__ of __all__'], '__all__: davon __now__');
  });
});

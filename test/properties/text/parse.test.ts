import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createFindings } from '../../../nodes/properties/findings';
import { MAX_TEXT, parseProperties } from '../../../nodes/properties/text/parse';
import { VECTORS } from './properties-vectors';

function parse(text: string) {
  const findings = createFindings('', '');
  const entries = parseProperties(text, findings);
  return { entries, map: new Map(entries.map(({ key, value }) => [key, value])), ...findings };
}

/** Writes a map as properties, escaping only what has to be escaped, with separators and line ends of every kind. */
function write(entries: [string, string][], pick: (choices: string[]) => string): string {
  const escape = (text: string) =>
    text.replace(
      /[\\\t\n\r\f]/g,
      (c) => ({ '\t': '\\t', '\n': '\\n', '\r': '\\r', '\f': '\\f' })[c] ?? '\\\\',
    );
  return entries
    .map(([key, value]) => {
      const name = escape(key).replace(/[=: #!\ufeff]/g, (c) => (c === '\ufeff' ? '\\ufeff' : `\\${c}`));
      const split = Math.floor(value.length / 2);
      const halves = [value.slice(0, split), value.slice(split)].map(escape);
      const join = pick(['', '\\\n   ', '\\\r\n\t', '\\\r ']);
      // A space after a continuation would be dropped as indentation, and so would one before the value.
      const text = halves.map((half) => half.replace(/^ /, '\\ ')).join(join);
      return (
        pick(['', '  ', '\t', '# comment \\\n', '! x\r\n', '\\\n', '\n']) +
        name +
        pick(['=', ':', ' = ', ' : ', '\t=\f']) +
        text
      );
    })
    .join(pick(['\n', '\r\n', '\r']));
}

describe('properties grammar', () => {
  for (const [index, [name, text, expected]] of VECTORS.entries()) {
    it(`reads vector ${index + 1} as Java does: ${name}`, () => {
      const { map, errors } = parse(text);
      if (expected === null)
        assert.deepEqual(
          errors.map(({ code }) => code),
          ['MALFORMED_ESCAPE'],
        );
      else {
        assert.deepEqual(errors, []);
        assert.deepEqual(map, new Map(expected));
      }
    });
  }

  it('has all 123 vectors', () => assert.equal(VECTORS.length, 123));

  it('reads back any map that was written in the format', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 });
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(text, text), { selector: ([key]) => key, maxLength: 8 }),
        fc.gen(),
        (entries, gen) => {
          const written = write(entries, (choices) => gen(fc.constantFrom, ...choices));
          const { map, errors } = parse(written);
          assert.deepEqual(errors, [], written);
          assert.deepEqual(map, new Map(entries), JSON.stringify(written));
        },
      ),
      { numRuns: 500, seed: 20 },
    );
  });

  it('gives each entry the line it starts on', () => {
    const { entries } = parse('# one\n\na=1\\\n  2\r\nb=3\rc=4\n\\\n# x\nd=5');
    assert.deepEqual(
      entries.map(({ key, line }) => [key, line]),
      [
        ['a', 3],
        ['b', 5],
        ['c', 6],
        ['d', 9],
      ],
    );
  });

  it('names the line of a malformed escape and still reads the others', () => {
    const { map, errors } = parse('a=1\n# C:\\users\nb=x\\\n  C:\\users\nc=\\\\users\n\\uzz=1');
    assert.deepEqual(
      errors.map(({ code, line }) => [code, line]),
      [
        ['MALFORMED_ESCAPE', 4],
        ['MALFORMED_ESCAPE', 6],
      ],
    );
    assert.match(errors[0]?.message ?? '', /^Line 4: "\\u.*write two: \\\\u$/);
    assert.deepEqual([...map.keys()], ['a', 'c']);
  });

  it('lets the last of several entries count, and warns with the lines', () => {
    const { map, warnings } = parse('mail.smtp.port=25\nb=1\nmail.smtp.port=587');
    assert.deepEqual(
      [...map],
      [
        ['b', '1'],
        ['mail.smtp.port', '587'],
      ],
    );
    assert.deepEqual(
      warnings.map(({ code, line, key }) => ({ code, line, key })),
      [{ code: 'DUPLICATE_KEY', line: 3, key: 'mail.smtp.port' }],
    );
    assert.match(warnings[0]?.message ?? '', /lines 1, 3/);
  });

  it('keeps keys that are names of object properties', () => {
    const { map, warnings } = parse('__proto__=1\nconstructor=2\ntoString=3\ntoString=4');
    assert.deepEqual(
      [...map],
      [
        ['__proto__', '1'],
        ['constructor', '2'],
        ['toString', '4'],
      ],
    );
    assert.equal(warnings.length, 1);
  });

  it('refuses a text of more than 64 KB', () => {
    assert.deepEqual(parse('a'.repeat(MAX_TEXT)).errors, []);
    const { entries, errors } = parse(`a=1\n${' '.repeat(MAX_TEXT)}`);
    assert.deepEqual(entries, []);
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['TEXT_TOO_LONG'],
    );
  });
});

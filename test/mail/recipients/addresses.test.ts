import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  formatAddress,
  parseAddressList,
  parseOne,
  uniqueRecipients,
} from '../../../nodes/mail/recipients/addresses';
import { MailError } from '../../../nodes/types';

function list(value: unknown): string[] {
  return parseAddressList('to', value).map(({ name, address }) => (name ? `${name}|${address}` : address));
}

function refusal(value: unknown): MailError {
  try {
    parseAddressList('to', value);
  } catch (error) {
    assert.ok(error instanceof MailError, String(error));
    assert.equal(error.code, 'BAD_ADDRESS');
    return error;
  }
  throw new assert.AssertionError({ message: 'it was accepted' });
}

describe('parseAddressList accepts', () => {
  for (const [value, expected] of [
    [undefined, []],
    [null, []],
    ['', []],
    ['  ', []],
    ['a@x.com', ['a@x.com']],
    ['a@x.com,b@x.com ; c@x.com', ['a@x.com', 'b@x.com', 'c@x.com']],
    ['a@x.com, b@x.com,', ['a@x.com', 'b@x.com']],
    ['a@x.com; ', ['a@x.com']],
    ['<a@x.com>', ['a@x.com']],
    ['"Doe, Jane; \\"JD\\"" <jane@x.com>, b@x.com', ['Doe, Jane; "JD"|jane@x.com', 'b@x.com']],
    ["Dr. Jürgen O'Neill (Ops) <j@x.com>", ["Dr. Jürgen O'Neill (Ops)|j@x.com"]],
    ['ポンプ室 <pump@x.com>', ['ポンプ室|pump@x.com']],
    ['"Насос" Восток <n@x.com>', ['Насос Восток|n@x.com']],
    ['ops+alerts@x.com', ['ops+alerts@x.com']],
    ['a@bücher.example', ['a@xn--bcher-kva.example']],
    ['jürgen@bücher.example', ['jürgen@xn--bcher-kva.example']],
    ['用户@例え.jp', ['用户@xn--r8jz45g.jp']],
    ['user@[192.168.1.1]', ['user@[192.168.1.1]']],
    ['user@[IPv6:fe80::1]', ['user@[IPv6:fe80::1]']],
    ['root@localhost', ['root@localhost']],
    [`${'l'.repeat(64)}@x.com`, [`${'l'.repeat(64)}@x.com`]],
    [
      ['a@x.com', 'Bob <b@x.com>'],
      ['a@x.com', 'Bob|b@x.com'],
    ],
    [
      [{ name: 'Bob, "B"', address: 'b@x.com' }, { address: 'c@x.com' }],
      ['Bob, "B"|b@x.com', 'c@x.com'],
    ],
    [{ name: null, address: ' b@x.com ' }, ['b@x.com']],
    [[], []],
    ['ops@example.com\n', ['ops@example.com']],
    ['a@x.test,\n b@x.test', ['a@x.test', 'b@x.test']],
    ['a@x.test,,b@x.test,', ['a@x.test', 'b@x.test']],
    ['a@x.test\r\nb@x.test\n\nBob <c@x.test>\n', ['a@x.test', 'b@x.test', 'Bob|c@x.test']],
    [' ; a@x.test\u2028;\t', ['a@x.test']],
    ['mailto:a@x.test, Bob <MAILTO:b@x.test>', ['a@x.test', 'Bob|b@x.test']],
    [[['a@x.test', 'b@x.test']], ['a@x.test', 'b@x.test']],
    [
      ['a@x.test', '', null, ['b@x.test']],
      ['a@x.test', 'b@x.test'],
    ],
    [{ name: 'Bob', email: 'b@x.test' }, ['Bob|b@x.test']],
    [
      [
        { ID: 1, NAME: 'Bob', EMAIL: 'b@x.test' },
        { Name: null, Email: 'c@x.test' },
      ],
      ['Bob|b@x.test', 'c@x.test'],
    ],
    [
      [{ mail: 'b@x.test' }, { address: 'a@x.test\n' }],
      ['b@x.test', 'a@x.test'],
    ],
    [{ value: [{ name: 'Bob', address: 'b@x.test' }], html: '', text: 'Bob' }, ['Bob|b@x.test']],
    [[{ emailAddress: { name: 'Bob', address: 'b@x.test' } }], ['Bob|b@x.test']],
  ] as [unknown, string[]][]) {
    it(JSON.stringify(value) ?? 'undefined', () => assert.deepEqual(list(value), expected));
  }
});

describe('parseAddressList refuses', () => {
  for (const [value, named] of [
    ['b@example.com, not-an-address', 'not-an-address'],
    ['a@x.com b@x.com', 'a@x.com b@x.com'],
    ['"x" <a@x.com>, bad', '"bad"'],
    ['undefined', '"undefined"'],
    ['a@x.com, [object Object]', '[object Object]'],
    ['a@@x.com', '"a@@x.com" is no e-mail address: it has more than one @'],
    ['a@b@x.com', 'a@b@x.com'],
    ['a@x.com\r\nRCPT TO:<evil@x.com>', 'RCPT TO:<evil@x.com>'],
    ['a@x.com\nBcc: evil@x.com', 'Bcc: evil@x.com'],
    ['"a\nb" <a@x.com>', 'a\\nb'],
    ['<a@x.com\n>', '\\n'],
    ['a\t@x.com', 'a\\t@x.com'],
    [[[[[[['a@x.com']]]]]], 'a@x.com'],
    ['mailto:', 'no e-mail address'],
    ['Plant alerts', 'Plant alerts <name@example.com>'],
    ['a\u0000@x.com', '\\u0000'],
    [{ address: 'a@x.com\r\nX: y' }, '\\r\\nX: y'],
    [{ name: 'a\nb', address: 'a@x.com' }, 'a\\nb'],
    [{ name: 7, address: 'a@x.com' }, '7'],
    [{ name: 'Bob' }, 'Bob'],
    [{ address: 'Bob <a@x.com>' }, 'Bob <a@x.com>'],
    [`${'l'.repeat(65)}@x.com`, 'more than 64 octets'],
    [`${'ü'.repeat(33)}@x.com`, 'more than 64 octets'],
    [
      `${'l'.repeat(60)}@${'d'.repeat(60)}.${'d'.repeat(60)}.${'d'.repeat(60)}.example.com`,
      'longer than 254 octets',
    ],
    [`${'l'.repeat(5_000_000)}@x.com`, 'more than 64 octets'],
    ['Team: a@x.com, b@x.com;', 'group'],
    ['undisclosed-recipients:;', 'group'],
    ['"Bob <a@x.com>', 'quotation mark'],
    ['Bob <a@x.com', '"<"'],
    ['<a@x.com> Bob', 'after the ">"'],
    ['<a@x.com><b@x.com>', 'after the ">"'],
    ['evil@x.com <a@x.com>', 'has @ in the name'],
    ['Pump: east <a@x.com>', 'has : in the name'],
    ['<>', 'no e-mail address'],
    ['@x.com', '@x.com'],
    ['a@', 'a@'],
    ['.a@x.com', '.a@x.com'],
    ['a..b@x.com', 'a..b@x.com'],
    ['a.@x.com', 'a.@x.com'],
    ['a@x..com', 'a@x..com'],
    ['a@-x.com', 'a@-x.com'],
    ['a@x.com.', 'a@x.com.'],
    ['a@x_.c/om', 'a@x_.c/om'],
    ['a@192.168.1.1', 'a@192.168.1.1'],
    ['a@[300.1.1.1]', 'a@[300.1.1.1]'],
    ['a@[x]', 'a@[x]'],
    [`a@${'d'.repeat(64)}.com`, 'dddd'],
    ['a\u200b@x.com', 'before the @'],
    ['a\u00a0b@x.com', 'space'],
    ['"john doe"@x.com', 'no e-mail address'],
    ['a@ex＠mple.com', 'no e-mail address'],
    [42, '42'],
    [true, 'true'],
  ] as [unknown, string][]) {
    const title = JSON.stringify(value).slice(0, 70);
    it(`${title}, naming the field and ${named}`, () => {
      const error = refusal(value);
      assert.match(error.message, /^to/);
      assert.ok(error.message.includes(named), error.message);
      assert.ok(error.message.length < 300, 'the message is short');
      // eslint-disable-next-line no-control-regex
      assert.doesNotMatch(error.message, /[\u0000-\u001f]/);
      assert.ok(error.hint);
    });
  }

  it('a value that was not set, with a hint of that', () => {
    assert.match(refusal('undefined').hint ?? '', /not set/);
  });

  it('every text with a control character or with an item that has no @, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('\0', '\x1b', '\x7f'),
        fc.string(),
        (a, breaker, b) => {
          assert.throws(() => parseAddressList('to', `${a}${breaker}${b}`), MailError);
        },
      ),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!text.includes('@') && /[^\s,;]/.test(text));
        assert.throws(() => parseAddressList('to', `a@x.com, ${text}`), MailError);
      }),
    );
  });
});

describe('parseOne', () => {
  it('reads exactly one address', () => {
    assert.deepEqual(parseOne('from', 'Bob <b@x.com>'), { name: 'Bob', address: 'b@x.com' });
    assert.throws(() => parseOne('from', 'a@x.com, b@x.com'), /from: .* holds 2 addresses/);
    assert.throws(() => parseOne('from', ''), /from: .* holds no address/);
  });
});

describe('uniqueRecipients', () => {
  it('names each recipient once; only the domain is the same in any case', () => {
    const to = parseAddressList('to', 'a@X.com, Bob <b@x.com>, a@x.COM');
    const cc = parseAddressList('cc', 'b@x.com, B@x.com');
    assert.deepEqual(uniqueRecipients(to, cc, []), ['a@X.com', 'b@x.com', 'B@x.com']);
  });
});

describe('formatAddress', () => {
  it('writes what parseAddressList reads', () => {
    for (const name of ['', 'Bob', 'Doe, Jane "J"', 'back\\slash', 'ポンプ', 'a@b <c>']) {
      const address = { name, address: 'b@x.com' };
      assert.deepEqual(parseAddressList('to', formatAddress(address)), [address]);
    }
  });
});

describe('an address', () => {
  it('is the same in another case of its domain, but not of its name', () => {
    const all = parseAddressList('to', 'a@x.com, a@X.com, A@x.com');
    assert.deepEqual(uniqueRecipients(all), ['a@x.com', 'A@x.com']);
  });

  it('may have a long name, up to 256 characters', () => {
    assert.equal(parseOne('to', `${'n'.repeat(256)} <a@x.com>`).name.length, 256);
    assert.match(refusal(`${'n'.repeat(257)} <a@x.com>`).message, /256/);
  });

  it('may be 254 octets long', () => {
    const address = (last: number) =>
      `${'l'.repeat(64)}@${'d'.repeat(63)}.${'d'.repeat(63)}.${'d'.repeat(last)}`;
    assert.equal(address(61).length, 254);
    assert.deepEqual(list(address(61)), [address(61)]);
    assert.match(refusal(address(62)).message, /254/);
  });

  it('says which part is missing', () => {
    for (const half of ['@x.com', 'a@']) assert.match(refusal(half).message, /something is missing/, half);
  });

  it('is shown as it can be read again, quotation marks and all', () => {
    for (const name of ['Pump', 'Pump 3 Öst', 'Doe, Jane', 'the "old" one', 'back\\slash', 'a@b']) {
      const shown = formatAddress({ name, address: 'a@x.com' });
      assert.deepEqual(parseOne('to', shown), { name, address: 'a@x.com' }, shown);
    }
    assert.equal(formatAddress({ name: '', address: 'a@x.com' }), 'a@x.com');
    assert.equal(formatAddress({ name: 'Pump 3', address: 'a@x.com' }), 'Pump 3 <a@x.com>');
  });

  it('may have lists in lists, four deep', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 'a@x.com' : [nested(depth - 1)]);
    assert.deepEqual(list(nested(5)), ['a@x.com']);
    refusal(Array.from({ length: 20 }).reduce<unknown>((inner) => [inner], { address: 'a@x.com' }));
  });
});

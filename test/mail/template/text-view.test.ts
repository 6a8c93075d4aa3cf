import assert from 'node:assert/strict';
import { bytesOf, escapeControls, shownValue, textView } from '../../../nodes/mail/template/text-view';

describe('textView', () => {
  it('shows text, numbers and booleans as they are', () => {
    assert.equal(textView('Pump <1> & 2'), 'Pump <1> & 2');
    assert.equal(textView(0), '0');
    assert.equal(textView(Number.NaN), 'NaN');
    assert.equal(textView(false), 'false');
    assert.equal(textView(12n), '12');
  });

  it('shows nothing for null, undefined and functions', () => {
    assert.equal(textView(null), '');
    assert.equal(textView(undefined), '');
    assert.equal(
      textView(() => 1),
      '',
    );
  });

  it('shows the text of bytes that are UTF-8, and else their number', () => {
    assert.equal(textView(Buffer.from('Насос ok\n')), 'Насос ok\n');
    assert.equal(textView(new Uint8Array([0x68, 0x69])), 'hi');
    assert.equal(textView(Buffer.from([0xff, 0xd8, 0xff])), '<Buffer of 3 bytes>');
    assert.equal(textView(Buffer.from([0])), '<Buffer of 1 byte>');
    assert.equal(textView({ type: 'Buffer', data: [104, 105] }), 'hi');
  });

  it('shows the message of an error and a date in ISO 8601', () => {
    assert.equal(textView(new TypeError('no flow')), 'no flow');
    assert.equal(textView(new Date(0)), '1970-01-01T00:00:00.000Z');
    assert.equal(textView(new Date(Number.NaN)), 'Invalid Date');
  });

  it('shows objects and lists as compact JSON, with what JSON itself would lose', () => {
    assert.equal(textView({ a: [1, null, 'x'], b: undefined }), '{"a":[1,null,"x"]}');
    assert.equal(
      textView({ n: 1n, e: new Error('bad'), d: new Date(0), b: Buffer.from('hi') }),
      '{"n":"1","e":"bad","d":"1970-01-01T00:00:00.000Z","b":"hi"}',
    );
    assert.equal(textView(new Map([['a', new Set([1])]])), '{"a":[1]}');
    assert.equal(textView(JSON.parse('{"__proto__": 1}')), '{"__proto__":1}');
  });

  it('survives circles, getters and toJSON that throw, and hostile proxies', () => {
    const circle: Record<string, unknown> = { a: 1 };
    circle.self = circle;
    assert.equal(textView(circle), '{"a":1,"self":"<circular>"}');
    const getter = Object.defineProperty({ a: 1 }, 'b', {
      enumerable: true,
      get() {
        throw new Error('no');
      },
    });
    assert.equal(textView(getter), '{"a":1,"b":"<value that cannot be shown>"}');
    const toJson = {
      a: 1,
      toJSON() {
        throw new Error('no');
      },
    };
    assert.equal(textView(toJson), '{"a":1}');
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    assert.equal(textView(proxy), '<value that cannot be shown>');
  });

  it('shows a value twice when it is there twice without being a circle', () => {
    const shared = { x: 1 };
    assert.equal(textView([shared, shared]), '[{"x":1},{"x":1}]');
  });

  it('ends with a graph that unfolds to more than any memory, and with very deep ones', () => {
    let wide: unknown = 'leaf';
    for (let i = 0; i < 40; i++) wide = [wide, wide];
    assert.match(textView(wide), /…/);
    let deep: unknown = 'leaf';
    for (let i = 0; i < 100_000; i++) deep = { deep };
    assert.match(textView(deep), /…/);
  });
});

describe('shownValue', () => {
  it('quotes a value, shows control characters and cuts it', () => {
    assert.equal(shownValue('a\r\nb\u0000'), '"a\\r\\nb\\u0000"');
    assert.equal(shownValue('x'.repeat(200)), `"${'x'.repeat(80)}…"`);
    assert.equal(shownValue(`${'x'.repeat(79)}😀`), `"${'x'.repeat(79)}…"`);
    assert.equal(shownValue(undefined), 'undefined');
    assert.equal(shownValue({ a: 1 }), '"{"a":1}"');
  });

  it('shows overrides of the writing direction, which would disguise a name', () => {
    assert.equal(escapeControls('a\u202egpj.exe'), 'a\\u202egpj.exe');
  });
});

describe('bytesOf', () => {
  it('knows a Buffer that went through JSON, and no object that only looks like one', () => {
    assert.deepEqual(bytesOf(JSON.parse(JSON.stringify(Buffer.from('hi')))), Buffer.from('hi'));
    assert.equal(bytesOf({ type: 'Buffer', data: ['x'] }), undefined);
    assert.equal(bytesOf({ type: 'Buffer', data: [256] }), undefined);
    assert.equal(bytesOf('hi'), undefined);
    assert.deepEqual(bytesOf(new Uint8Array([1, 2, 3]).subarray(1)), Buffer.from([2, 3]));
  });
});

import assert from 'node:assert/strict';
import { decimalNumber, filled, wholeNumber } from '../../../nodes/editor/form/rules';

describe('rules of the dialogs', () => {
  it('a required field refuses nothing and white space', () => {
    for (const value of ['', '   ', undefined, null]) assert.equal(filled(value)?.key, 'required');
    assert.equal(filled(' x '), undefined);
  });

  it('a whole number is accepted inside its range, as a number and as text', () => {
    const rule = wholeNumber(1, 10);
    for (const value of [1, '1', 10, ' 7 ']) assert.equal(rule(value), undefined, String(value));
  });

  it('a whole number outside its range is refused with the range', () => {
    const rule = wholeNumber(1, 10);
    for (const value of [0, 11, '11', '-1', '1.5', '1e1', '0x5', '', 'two', undefined, true]) {
      assert.deepEqual(rule(value), { key: 'wholeNumber', min: 1, max: 10 }, String(value));
    }
  });

  it('a decimal number may have a point', () => {
    const rule = decimalNumber(0.1, 100);
    for (const value of ['0.1', '2.5', 100]) assert.equal(rule(value), undefined, String(value));
    for (const value of ['0', '0.05', '100.1', '1,5', '.', '5.']) {
      assert.deepEqual(rule(value), { key: 'number', min: 0.1, max: 100 }, value);
    }
  });

  it('a number that comes from the environment is left to the start of the node', () => {
    assert.equal(wholeNumber(1, 10)('${CONNECTIONS}'), undefined);
    assert.equal(decimalNumber(1, 10)('${HOURS}'), undefined);
    assert.equal(wholeNumber(1, 10)('${}')?.key, 'wholeNumber');
  });
});

import assert from 'node:assert/strict';
import type { TypedField, TypedSource } from '../../nodes/mail/typed-fields';
import { createFieldReader, type Evaluator } from '../../nodes/sender/field-values';

const sources = (...list: TypedSource[]): Map<TypedField, TypedSource> =>
  new Map(list.map((source) => [source.field, source]));

const TO: TypedSource = { field: 'to', type: 'msg', value: 'owner' };
const CC: TypedSource = { field: 'cc', type: 'jsonata', value: '(' };

describe('the reader of fields that are no templates', () => {
  it('prepares each source once and reads it for each msg', async () => {
    let prepared = 0;
    const evaluator: Evaluator = ({ value }) => {
      prepared += 1;
      return async (msg) => msg[value];
    };
    const { read, errors } = createFieldReader(sources(TO), evaluator);
    assert.deepEqual(errors, []);
    assert.deepEqual(await read({ owner: 'a@x.test' }), { to: 'a@x.test' });
    assert.deepEqual(await read({}), { to: undefined });
    assert.equal(prepared, 1);
  });

  it('tells every source that can not be prepared, with its field, its value and the reason', () => {
    const { errors } = createFieldReader(sources(TO, CC), () => {
      // As JSONata throws.
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw { code: 'S0203', message: 'Expected ")" before end of expression' };
    });
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['FIELD_VALUE', 'FIELD_VALUE'],
    );
    assert.match(errors[0]?.message ?? '', /The field to is "owner", which is no valid property name/);
    assert.match(
      errors[1]?.message ?? '',
      /The field cc is "\(", .*JSONata expression: Expected "\)" before/,
    );
  });

  it('names the field and the reason when a value can not be read', async () => {
    const { read } = createFieldReader(sources(CC), () => () => Promise.reject(new Error('no such store.')));
    await assert.rejects(read({}), {
      code: 'FIELD_VALUE',
      message: 'cc: the JSONata expression could not be read: no such store.',
    });
  });
});

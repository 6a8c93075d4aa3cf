import assert from 'node:assert/strict';
import { readConfig } from '../../nodes/mail/config';
import { buildContent } from '../../nodes/mail/content';
import { compileMessage, prepareEvent, type CompiledMessage } from '../../nodes/mail/message';
import type { FieldValues } from '../../nodes/mail/typed-fields';
import { MailError, type Msg } from '../../nodes/types';

function compiled(fields: Record<string, unknown>): CompiledMessage {
  const { config, errors } = readConfig({ from: 'me@x.test', to: 'ops@x.test', ...fields });
  const { message, errors: templateErrors } = compileMessage(config);
  assert.deepEqual([...errors, ...templateErrors], []);
  assert.ok(message);
  return message;
}

function prepare(fields: Record<string, unknown>, values: FieldValues, msg: Msg = {}) {
  const circumstances = { externals: {}, values, connector: 'Alerts', now: 0 };
  return prepareEvent(compiled(fields), msg, circumstances).event;
}

function refused(fields: Record<string, unknown>, values: FieldValues, msg: Msg = {}): MailError {
  try {
    prepare(fields, values, msg);
  } catch (error) {
    assert.ok(error instanceof MailError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'nothing was refused' });
}

describe('fields that are no templates', () => {
  it('are listed with type and value, and no template is made of them', () => {
    const { typed, externals } = compiled({
      to: ' owner ',
      toType: 'msg',
      subject: '{{flow.x}} {{#never closed',
      subjectType: 'jsonata',
      cc: '{{flow.boss}}',
      batchBy: 'site',
      batchByType: 'env',
    });
    assert.deepEqual(
      [...typed.values()],
      [
        { field: 'to', type: 'msg', value: 'owner' },
        { field: 'subject', type: 'jsonata', value: '{{flow.x}} {{#never closed' },
        { field: 'batchBy', type: 'env', value: 'site' },
      ],
    );
    assert.deepEqual(externals, ['flow.boss']);
  });

  it('are none when all are templates or empty', () => {
    assert.equal(compiled({ cc: '  ', ccType: 'msg', toType: 'str' }).typed.size, 0);
  });

  for (const value of [
    'a@x.test; b@x.test',
    ['a@x.test', 'b@x.test'],
    [{ address: 'a@x.test' }, 'b@x.test'],
  ]) {
    it(`give addresses as ${JSON.stringify(value)}`, () => {
      const { addresses } = prepare({ to: 'owner', toType: 'msg' }, { to: value });
      assert.deepEqual(
        addresses.to.map(({ address }) => address),
        ['a@x.test', 'b@x.test'],
      );
    });
  }

  it('give a sender with its name', () => {
    const { addresses } = prepare(
      { from: 'f', fromType: 'global' },
      { from: { name: 'Plant', address: 'p@x.test' } },
    );
    assert.deepEqual(addresses.from, { name: 'Plant', address: 'p@x.test' });
  });

  it('left empty are taken from the msg', () => {
    const { addresses } = prepare({ cc: '', ccType: 'jsonata' }, {}, { cc: 'c@x.test' });
    assert.deepEqual(addresses.cc, [{ name: '', address: 'c@x.test' }]);
  });

  for (const value of [undefined, null, '', ' ', []]) {
    it(`are refused without a value, such as ${JSON.stringify(value)}, and not taken from the msg`, () => {
      const error = refused({ cc: 'boss', ccType: 'flow' }, { cc: value }, { cc: 'c@x.test' });
      assert.equal(error.code, 'UNSET_VALUE');
      assert.match(error.message, /^cc: flow\.boss has no value/);
    });
  }

  it('of a store are named as in a template', () => {
    const error = refused({ cc: '#:(disk)::boss', ccType: 'flow' }, {});
    assert.match(error.message, /^cc: flow\[disk\]\.boss has no value/);
  });

  it('may be left blank by an expression, but not undefined', () => {
    const fields = { cc: 'x', ccType: 'jsonata' };
    assert.deepEqual(prepare(fields, { cc: '' }).addresses.cc, []);
    assert.deepEqual(prepare(fields, { cc: [] }).addresses.cc, []);
    assert.equal(refused(fields, {}).code, 'UNSET_VALUE');
  });

  it('name themselves when the value is no address', () => {
    const error = refused({ bcc: 'x', bccType: 'env' }, { bcc: 'nobody' });
    assert.equal(error.code, 'BAD_ADDRESS');
    assert.match(error.message, /^bcc: "nobody"/);
    assert.match(refused({ to: 'x', toType: 'msg' }, { to: 7 }).message, /^to: "7" is neither/);
  });

  it('give the subject as it was when the first msg arrived, any value as text', () => {
    const fields = { subject: 'title', subjectType: 'msg' };
    const message = compiled(fields);
    const events = [{ level: 3 }, 'second'].map((subject) => prepare(fields, { subject }, { topic: 'no' }));
    const { subject } = buildContent(message, events, { connector: 'Alerts', now: 0 });
    assert.equal(subject, '{"level":3}');
  });

  it('take a subject that is missing for an empty one', () => {
    const fields = { subject: 'title', subjectType: 'msg' };
    assert.equal(prepare(fields, {}, { topic: 'not this' }).subject, '');
  });

  it('keep events apart by the value of batchBy', () => {
    const fields = { batchBy: 'site', batchByType: 'msg' };
    const keys = ['n', 'n', { a: 1 }, undefined].map((batchBy) => prepare(fields, { batchBy }).key);
    assert.equal(keys[0], keys[1]);
    assert.equal(new Set(keys).size, 3);
  });
});

import assert from 'node:assert/strict';
import { readConfig } from '../../nodes/mail/config';
import {
  compileMessage,
  prepareEvent,
  type Circumstances,
  type CompiledMessage,
} from '../../nodes/mail/message';
import { MailError, type Msg } from '../../nodes/types';

function compiled(fields: Record<string, unknown>): CompiledMessage {
  const { message, errors } = compileMessage(readConfig(fields).config);
  assert.deepEqual(errors, []);
  assert.ok(message);
  return message;
}

function prepare(fields: Record<string, unknown>, msg: Msg, more: Partial<Circumstances> = {}) {
  return prepareEvent(compiled(fields), msg, {
    externals: {},
    connector: 'Alerts',
    now: 0,
    mailFrom: 'node@x.com',
    ...more,
  });
}

const to = (fields: Record<string, unknown>, msg: Msg) =>
  prepare(fields, msg).event.addresses.to.map(({ address }) => address);

function failure(action: () => unknown): MailError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof MailError, String(error));
    assert.ok(error.hint, 'it says what to do');
    return error;
  }
  throw new assert.AssertionError({ message: 'nothing was thrown' });
}

describe('compileMessage', () => {
  it('collects the errors of all templates', () => {
    const { message, errors } = compileMessage(readConfig({ to: '{{#a}}', template: 'x\n{{b' }).config);
    assert.equal(message, null);
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['TEMPLATE', 'TEMPLATE'],
    );
    assert.match(errors[1]?.message ?? '', /template.*line 2/);
  });

  it('lists the external names of all fields once', () => {
    const { externals } = compiled({
      to: '{{env.TO}}',
      subject: '{{flow.s}} {{env.TO}}',
      template: '{{global.g}}',
    });
    assert.deepEqual([...externals].sort(), ['env.TO', 'flow.s', 'global.g']);
  });
});

describe('A recipient', () => {
  it('comes from the field, which wins over the msg', () => {
    assert.deepEqual(to({ to: 'a@x.com; {{user}}@x.com' }, { user: 'b', to: 'msg@x.com' }), [
      'a@x.com',
      'b@x.com',
    ]);
  });

  it('comes from the msg when the field is empty', () => {
    assert.deepEqual(to({ to: ' ' }, { to: ['a@x.com', { name: 'B', address: 'b@x.com' }] }), [
      'a@x.com',
      'b@x.com',
    ]);
    const { event } = prepare(
      {},
      { to: 'a@x.com', cc: 'c@x.com', bcc: 'd@x.com', replyTo: 'e@x.com, f@x.com' },
    );
    assert.equal(event.addresses.cc[0]?.address, 'c@x.com');
    assert.equal(event.addresses.bcc[0]?.address, 'd@x.com');
    assert.equal(event.addresses.replyTo.length, 2);
  });

  it('may be hidden from all others', () => {
    assert.equal(prepare({ bcc: 'd@x.com' }, {}).event.addresses.to.length, 0);
  });

  it('may come from the environment or the context', () => {
    const { event } = prepare(
      { to: '{{env.TO}}' },
      { env: { TO: 'evil@x.com' } },
      { externals: { 'env.TO': 'a@x.com' } },
    );
    assert.equal(event.addresses.to[0]?.address, 'a@x.com');
  });

  it('is not escaped', () => {
    const { event } = prepare({ to: `"{{name}}" <{{box}}@x.com>` }, { name: "O'Brien & Co", box: "o'brien" });
    assert.deepEqual(event.addresses.to, [{ name: "O'Brien & Co", address: "o'brien@x.com" }]);
  });
});

describe('Bad input is refused', () => {
  it('without any recipient', () => {
    assert.equal(failure(() => prepare({}, {})).code, 'NO_RECIPIENT');
    assert.equal(
      failure(() => prepare({ to: '{{#none}}{{none}}{{/none}}' }, { to: 'a@x.com' })).code,
      'NO_RECIPIENT',
    );
  });

  it('with a broken address, naming the field', () => {
    for (const field of ['from', 'to', 'cc', 'bcc', 'replyTo']) {
      const error = failure(() => prepare({ to: 'a@x.com', [field]: '{{who}}' }, { who: 'undefined' }));
      assert.equal(error.code, 'BAD_ADDRESS');
      assert.ok(error.message.startsWith(`${field}: "undefined"`), error.message);
    }
  });

  it('with a value in an address that is not set, naming field and tag', () => {
    const error = failure(() => prepare({ to: 'a@x.com', cc: 'b@x.com, {{user.mail}}' }, {}));
    assert.equal(error.code, 'UNSET_VALUE');
    assert.match(error.message, /cc: \{\{user\.mail\}\}/);
  });

  it('with a line break in msg.headers', () => {
    assert.equal(
      failure(() => prepare({ to: 'a@x.com' }, { headers: { 'X-A': 'a\nb' } })).code,
      'BAD_HEADER',
    );
  });

  it('but not with an empty subject, or one that ends with a line break', () => {
    prepare({ to: 'a@x.com' }, {});
    prepare({ to: 'a@x.com' }, { topic: 'pump\n' });
  });
});

describe('The sender', () => {
  const from = (fields: Record<string, unknown>, msg: Msg, more: Partial<Circumstances>) =>
    prepare({ to: 'a@x.com', ...fields }, msg, { mailFrom: undefined, ...more }).event.addresses.from.address;

  it('is the field, else msg.from, else mail.from, else the username that is an address', () => {
    const all = { mailFrom: 'Node <property@x.com>', username: 'user@x.com' };
    assert.equal(from({ from: 'field@x.com' }, { from: 'msg@x.com' }, all), 'field@x.com');
    assert.equal(from({}, { from: 'msg@x.com' }, all), 'msg@x.com');
    assert.equal(from({}, {}, all), 'property@x.com');
    assert.equal(from({}, {}, { username: 'user@x.com' }), 'user@x.com');
  });

  it('must be exactly one', () => {
    assert.equal(failure(() => from({ from: 'a@x.com, b@x.com' }, {}, {})).code, 'BAD_ADDRESS');
  });

  it('is missing with an error when the username is no address', () => {
    for (const username of ['apikey', 'a@b@c', undefined]) {
      assert.equal(failure(() => from({}, {}, { username })).code, 'NO_SENDER');
    }
  });

  it('names the property mail.from when that is broken', () => {
    assert.match(failure(() => from({}, {}, { mailFrom: 'nobody' })).message, /^mail\.from: "nobody"/);
  });
});

describe('Events share a mail', () => {
  const base = { from: 'f@x.com', to: 'a@x.com', cc: '', bcc: '', replyTo: '', batchBy: '{{topic}}' };
  const key = (fields: Record<string, unknown>, msg: Msg) => prepare({ ...base, ...fields }, msg).event.key;

  it('when from, to, cc, bcc, replyTo and batchBy are the same', () => {
    assert.equal(key({}, { topic: 't', payload: 1 }), key({ subject: 'other' }, { topic: 't', payload: 2 }));
    assert.equal(key({ to: 'a@x.com' }, {}), key({ to: ' a@x.com ;' }, {}));
  });

  it('and never when one of them differs', () => {
    const keys = [
      key({}, {}),
      key({ from: 'g@x.com' }, {}),
      key({ to: 'b@x.com' }, {}),
      key({ to: 'Bob <a@x.com>' }, {}),
      key({}, { cc: 'c@x.com' }),
      key({}, { bcc: 'c@x.com' }),
      key({}, { replyTo: 'c@x.com' }),
      key({}, { topic: 't' }),
    ];
    assert.equal(new Set(keys).size, keys.length);
  });
});

describe('prepareEvent', () => {
  it('gives the warnings of headers and priority, and what they are without them', () => {
    const { event, warnings } = prepare(
      { to: 'a@x.com', priority: 'low' },
      { priority: 'now', headers: { From: 'x', 'X-A': 'b' } },
    );
    assert.equal(warnings.length, 2);
    assert.equal(event.priority, 'low');
    assert.deepEqual(event.headers, [{ key: 'X-A', value: 'b' }]);
  });

  it('keeps the msg itself and the time of its arrival', () => {
    const msg = { to: 'a@x.com' };
    const { event } = prepare({}, msg, { now: 5 });
    assert.equal(event.msg, msg);
    assert.equal(event.arrivedAt, 5);
  });
});

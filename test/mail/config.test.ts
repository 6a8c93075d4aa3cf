import assert from 'node:assert/strict';
import { MAIL_DEFAULTS, readConfig } from '../../nodes/mail/config';

describe('readConfig', () => {
  it('gives a missing field its default', () => {
    const { config, errors, warnings } = readConfig({});
    assert.deepEqual(errors, []);
    assert.deepEqual(warnings, []);
    assert.deepEqual(config, { ...MAIL_DEFAULTS });
    assert.equal(config.subject, '{{topic}}');
    assert.equal(config.template, '{{index}}: {{event}}<br>{{error}}<hr>');
    assert.equal(config.batchSize, 1);
    assert.equal(config.batchTimeout, 10);
    assert.equal(config.attachMaxMb, 10);
  });

  it('keeps an empty subject and an empty template as they are, and warns of the latter', () => {
    const { config, errors, warnings } = readConfig({ subject: '', template: '' });
    assert.deepEqual(errors, []);
    assert.equal(config.subject, '');
    assert.equal(config.template, '');
    assert.match(warnings.join(), /template is empty/);
  });

  it('takes a field without a type, or with an empty one, as a template', () => {
    const { config, errors } = readConfig({
      to: 'a@b.test',
      toType: '',
      ccType: 'jsonata',
      subjectType: 'str',
    });
    assert.deepEqual(errors, []);
    assert.deepEqual(
      [config.toType, config.ccType, config.subjectType, config.fromType],
      ['str', 'jsonata', 'str', 'str'],
    );
  });

  it('takes numbers and booleans as text, as they come from the environment', () => {
    const { config, errors } = readConfig({
      batchSize: '25',
      batchTimeout: ' 60 ',
      attachMaxMb: '0.5',
      attach: 'true',
      attachFolder: '/data',
    });
    assert.deepEqual(errors, []);
    assert.equal(config.batchSize, 25);
    assert.equal(config.batchTimeout, 60);
    assert.equal(config.attachMaxMb, 0.5);
    assert.equal(config.attach, 'files');
  });

  for (const [field, value] of [
    ['batchSize', 0],
    ['batchSize', 1001],
    ['batchSize', 1.5],
    ['batchSize', 'many'],
    ['batchTimeout', 0],
    ['batchTimeout', 86_401],
    ['batchTimeout', 'Infinity'],
    ['attachMaxMb', 0],
    ['attachMaxMb', 101],
    ['format', 'pdf'],
    ['priority', 'urgent'],
    ['attach', 'maybe'],
    ['to', { address: 'a@example.com' }],
    ['toType', 'num'],
    ['keepSamples', 'perhaps'],
  ] as const) {
    it(`refuses ${field} = ${JSON.stringify(value)} with the field, the value and what to do`, () => {
      const { errors } = readConfig({ [field]: value });
      assert.equal(errors.length, 1);
      const [error] = errors;
      assert.equal(error?.code, 'BAD_FIELD');
      assert.ok(error.message.includes(field));
      assert.ok(error.message.includes(typeof value === 'object' ? 'a@example.com' : String(value)));
      assert.ok(error.hint?.includes(field));
    });
  }

  it('takes the limits themselves', () => {
    for (const raw of [
      { batchSize: 1000, batchTimeout: 86_400, attachMaxMb: 100 },
      { batchSize: 1, batchTimeout: 1, attachMaxMb: 0.001 },
    ]) {
      assert.deepEqual(readConfig(raw).errors, []);
    }
  });

  it('names an environment variable that is not set, once', () => {
    for (const field of ['to', 'batchSize', 'format', 'attach']) {
      const { errors } = readConfig({ [field]: '${ALERT_TO}' });
      assert.deepEqual(
        errors.map(({ code }) => code),
        ['UNSET_ENV'],
      );
      assert.match(errors[0]?.message ?? '', /ALERT_TO/);
    }
  });

  it('warns when files are to be attached and no folder is set, and of a folder that is not absolute', () => {
    assert.match(readConfig({ attach: true }).warnings.join(), /attachFolder is empty/);
    assert.deepEqual(readConfig({ attach: true }).errors, []);
    assert.match(readConfig({ attach: true, attachFolder: 'files' }).warnings.join(), /whole path/);
  });
});

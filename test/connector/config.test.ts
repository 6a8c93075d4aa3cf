import assert from 'node:assert/strict';
import { DEFAULT_PROPERTIES, readConnectorFields } from '../../nodes/connector/config';

/** Nothing is said about OAuth2. */
const EMPTY = {
  provider: 'microsoft',
  grant: 'authorization_code',
  tenant: '',
  clientId: '',
  scope: '',
  authUrl: '',
  tokenUrl: '',
  deviceUrl: '',
  clientSecret: '',
  refreshToken: '',
  serviceAccountKey: '',
};

const noEnv = () => undefined;

describe('the fields of a connector', () => {
  it('have the documented defaults', () => {
    const { fields, errors } = readConnectorFields({ title: 'Alerts' }, {}, noEnv);
    assert.deepEqual(errors, []);
    assert.deepEqual(fields, {
      title: 'Alerts',
      properties: DEFAULT_PROPERTIES,
      username: '',
      password: '',
      autostart: true,
      connections: 2,
      rate: { limit: 0, period: 'minute' },
      outbox: 'disk',
      outboxLimit: 10_000,
      retryHours: 24,
      allowInsecureAuth: false,
      restrictions: { allowed: null, redirectTo: null },
      authType: 'password',
      oauth: EMPTY,
    });
  });

  it('may be texts, as environment variables make them', () => {
    const { fields, errors } = readConnectorFields(
      {
        title: 'A',
        connections: '3',
        autostart: 'false',
        rateLimit: '${LIMIT}',
        ratePeriod: 'hour',
        retryHours: '0.5',
      },
      {},
      (name) => (name === 'LIMIT' ? '30' : undefined),
    );
    assert.deepEqual(errors, []);
    assert.equal(fields.connections, 3);
    assert.equal(fields.autostart, false);
    assert.deepEqual(fields.rate, { limit: 30, period: 'hour' });
    assert.equal(fields.retryHours, 0.5);
  });

  it('take variables anywhere in the title and the credentials', () => {
    const { fields } = readConnectorFields(
      { title: 'Mail of ${SITE}' },
      { username: '${USER_NAME}@x.test', password: '${SECRET}' },
      (name) => ({ SITE: 'north', USER_NAME: 'ops', SECRET: 'hunter2' })[name],
    );
    assert.equal(fields.title, 'Mail of north');
    assert.equal(fields.username, 'ops@x.test');
    assert.equal(fields.password, 'hunter2');
  });

  it('name a variable that is not set, and the field that wants it', () => {
    const { errors } = readConnectorFields({ title: 'A' }, { password: '${MAIL_PASSWORD}' }, noEnv);
    assert.equal(errors[0]?.code, 'ENV_UNSET');
    assert.match(errors[0]?.message ?? '', /password.*MAIL_PASSWORD/);
  });

  for (const [field, value] of [
    ['connections', 11],
    ['connections', 'two'],
    ['connections', 1.5],
    ['rateLimit', -1],
    ['ratePeriod', 'week'],
    ['outbox', 'cloud'],
    ['outboxLimit', 0],
    ['retryHours', 'long'],
    ['autostart', 'yes'],
    ['allowInsecureAuth', '1'],
  ] as const) {
    it(`refuse ${field} = ${value} with field, value and remedy`, () => {
      const { errors } = readConnectorFields({ title: 'A', [field]: value }, {}, noEnv);
      assert.equal(errors.length, 1);
      assert.ok(
        errors[0]?.message.includes(field) && errors[0].message.includes(`"${value}"`),
        errors[0]?.message,
      );
      assert.ok(errors[0]?.hint?.includes(field));
    });
  }
});

describe('the restrictions of a connector', () => {
  it('come from its fields, variables replaced, and name what is wrong', () => {
    const read = (raw: Record<string, unknown>) =>
      readConnectorFields({ title: 'x', ...raw }, {}, (name) => (name === 'TEAM' ? 'ops@x.test' : undefined));
    const { fields, errors } = read({ allowedRecipients: '${TEAM}\n@y.test', redirectTo: '${TEAM}' });
    assert.deepEqual(errors, []);
    assert.equal(fields.restrictions.redirectTo?.address, 'ops@x.test');
    assert.equal(fields.restrictions.allowed?.('ops@x.test'), true);
    assert.equal(fields.restrictions.allowed?.('eve@x.test'), false);
    assert.match(read({ allowedRecipients: 'ops' }).errors[0]?.message ?? '', /^allowedRecipients: "ops"/);
    assert.match(read({ redirectTo: 'ops' }).errors[0]?.message ?? '', /^redirectTo: "ops"/);
  });
});

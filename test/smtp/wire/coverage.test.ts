/** The table of properties promises; the wire tests, all of which are loaded here, have to speak for each promise. */
import assert from 'node:assert/strict';
import { PROTOCOL_ROWS, SESSION_ROWS } from '../../../nodes/properties/table/table';
import { coveredRows } from './wire';
import './auth.test';
import './certificate.test';
import './connect.test';
import './encryption.test';
import './envelope.test';
import './password.test';
import './proxy.test';
import './transcript.test';

describe('the wire tests', () => {
  const rows = [...SESSION_ROWS, ...PROTOCOL_ROWS];

  it('look at every property that is supported', () => {
    const supported = rows.filter(({ status }) => status === 'supported').map(({ name }) => name);
    assert.ok(supported.length > 30);
    assert.deepEqual(
      supported.filter((name) => !coveredRows().has(name)),
      [],
    );
  });

  it('speak of no property that the table does not have', () => {
    const known = rows.map(({ name }) => name);
    assert.deepEqual(
      [...coveredRows()].filter((name) => !known.includes(name)),
      [],
    );
  });
});

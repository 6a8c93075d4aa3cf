import assert from 'node:assert/strict';
import { adviceFor, type Combination } from '../../../nodes/editor/connector/advice';

const FINE: Combination = {
  to: 'a@example.com',
  cc: '',
  bcc: '',
  template: '{{event}}',
  batchSize: '1',
  attach: 'false',
  attachFolder: '',
};
const keys = (changes: Partial<Combination>) =>
  adviceFor({ ...FINE, ...changes }).map(({ field, key }) => `${field} ${key}`);

describe('advice on combinations of fields', () => {
  it('is silent when there is nothing to say', () => {
    assert.deepEqual(keys({}), []);
  });

  it('says that each msg must bring a recipient when no field does', () => {
    assert.deepEqual(keys({ to: ' ' }), ['to recipient']);
    for (const field of ['cc', 'bcc']) assert.deepEqual(keys({ to: '', [field]: 'a@example.com' }), []);
  });

  it('says that an empty template makes empty mails', () => {
    assert.deepEqual(keys({ template: '\n' }), ['template noBody']);
  });

  it('says that a list of events has one entry while each event is a mail', () => {
    const template = '<ul>{{# events }}<li>{{event}}</li>{{/ events }}</ul>';
    assert.deepEqual(keys({ template }), ['batchSize tableOfOne']);
    assert.deepEqual(keys({ template, batchSize: '5' }), []);
    assert.deepEqual(keys({ template, batchSize: '${SIZE}' }), []);
  });

  it('says that files come from a folder only', () => {
    assert.deepEqual(keys({ attach: 'true' }), ['attachFolder noFolder']);
    assert.deepEqual(keys({ attach: 'true', attachFolder: '/data' }), []);
  });
});

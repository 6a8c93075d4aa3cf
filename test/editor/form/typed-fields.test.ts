import assert from 'node:assert/strict';
import { shownField, typedFault, TYPED_FIELDS } from '../../../nodes/editor/form/typed-fields';
import { TYPED_FIELDS as OF_THE_RUNTIME } from '../../../nodes/mail/typed-fields';

describe('fields that may be typed, in the dialog', () => {
  it('are those of the runtime', () => {
    assert.deepEqual([...TYPED_FIELDS].sort(), [...OF_THE_RUNTIME].sort());
  });

  it('are shown as people write where a value is', () => {
    assert.equal(shownField(' a@example.com ', undefined), 'a@example.com');
    assert.equal(shownField('{{x}}', 'str'), '{{x}}');
    assert.equal(shownField('owner', 'msg'), 'msg.owner');
    assert.equal(shownField('#:(disk)::owner', 'global'), 'global[disk].owner');
    assert.equal(shownField('BOSS', 'env'), 'env.BOSS');
    assert.equal(shownField('$x', 'jsonata'), '$x');
    assert.equal(shownField('', 'msg'), '');
  });

  it('are judged by the rules of Node-RED, without the store, and must not be blank unless they are templates', () => {
    const asked: string[] = [];
    const validate = (value: string, type: string) => {
      asked.push(`${type} ${value}`);
      return value === 'bad' ? 'no name' : value !== 'worse';
    };
    assert.equal(typedFault('', 'str', validate), undefined);
    assert.equal(typedFault('bad', undefined, validate), undefined);
    assert.deepEqual(typedFault(' ', 'jsonata', validate), { key: 'source' });
    assert.deepEqual(asked, []);
    assert.equal(typedFault('#:(disk)::good', 'flow', validate), undefined);
    assert.deepEqual(typedFault('bad', 'msg', validate), { reason: 'no name' });
    assert.deepEqual(typedFault('worse', 'msg', validate), { key: 'source' });
    assert.deepEqual(asked, ['flow good', 'msg bad', 'msg worse']);
  });
});

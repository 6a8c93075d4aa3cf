import assert from 'node:assert/strict';
import {
  actionsIn,
  clock,
  lightOf,
  sentences,
  type State,
} from '../../../nodes/editor/connector/state-words';

describe('the state of a connector in its dialog', () => {
  it('has the colours of the status of the nodes', () => {
    const problem = { error: { message: 'm' }, since: 0, nextAttempt: 0 };
    assert.equal(lightOf({ state: 'RUN', problem: null }), 'green');
    assert.equal(lightOf({ state: 'RUN', problem }), 'yellow');
    assert.equal(lightOf({ state: 'STOPPED', problem: null }), 'grey');
    assert.equal(lightOf({ state: 'INIT_ERROR', problem: null }), 'red');
    for (const state of ['STARTING', 'STOPPING'] as const)
      assert.equal(lightOf({ state, problem: null }), 'yellow');
  });

  it('offers only what does something', () => {
    const offered = (state: State) => {
      const { start, stop } = actionsIn(state);
      return [start, stop];
    };
    assert.deepEqual(offered('RUN'), [false, true]);
    assert.deepEqual(offered('STOPPED'), [true, false]);
    assert.deepEqual(offered('INIT_ERROR'), [true, false]);
    for (const state of ['STARTING', 'STOPPING'] as const) assert.deepEqual(offered(state), [false, false]);
  });

  it('says what to do after what failed, once', () => {
    assert.equal(sentences({ message: 'It failed', hint: 'Try again.' }), 'It failed. Try again.');
    assert.equal(
      sentences({ message: 'It failed. Try again.', hint: 'Try again.' }),
      'It failed. Try again.',
    );
    assert.equal(sentences({ message: 'It failed' }), 'It failed');
  });

  it('shows times of day with two digits', () => {
    assert.equal(clock(new Date(2026, 0, 1, 3, 5, 9).getTime()), '03:05:09');
  });
});

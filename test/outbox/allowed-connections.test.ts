import assert from 'node:assert/strict';
import { createAllowedConnections } from '../../nodes/outbox/allowed-connections';

const MINUTE = 60_000;

describe('the number of connections that the server allows', () => {
  it('is the most that there may be until one more is refused', () => {
    const allowed = createAllowedConnections(10);
    assert.equal(allowed.limit(0), 10);
    allowed.worked(3);
    assert.equal(allowed.limit(0), 10);
    assert.equal(allowed.nextTry(0), Infinity);
  });

  it('is then the number of those that work, and one at least', () => {
    const allowed = createAllowedConnections(10);
    allowed.refused(3, 0);
    assert.equal(allowed.limit(0), 3);
    allowed.refused(0, 0);
    assert.equal(allowed.limit(0), 1);
  });

  it('is tried with one more after one, two, four and then eight minutes while that is refused', () => {
    const allowed = createAllowedConnections(10);
    let now = 0;
    allowed.refused(3, now);
    for (const minutes of [1, 2, 4, 8, 8, 8]) {
      assert.equal(allowed.nextTry(now), now + minutes * MINUTE);
      now += minutes * MINUTE;
      assert.equal(allowed.limit(now - 1), 3);
      assert.equal(allowed.limit(now), 4);
      assert.equal(allowed.nextTry(now), Infinity);
      allowed.refused(3, now);
    }
  });

  it('takes several refusals at once for one', () => {
    const allowed = createAllowedConnections(10);
    for (let i = 0; i < 5; i++) allowed.refused(2, 0);
    assert.equal(allowed.nextTry(0), MINUTE);
  });

  it('grows one by one without a wait as soon as one more works, up to the most', () => {
    const allowed = createAllowedConnections(10);
    allowed.refused(1, 0);
    for (let works = 2; works <= 10; works++) {
      assert.equal(allowed.limit(MINUTE), works);
      allowed.worked(works);
    }
    assert.equal(allowed.limit(MINUTE), 10);
    assert.equal(allowed.nextTry(MINUTE), Infinity);
  });

  it('stops growing where the next one is refused, and waits a minute again', () => {
    const allowed = createAllowedConnections(10);
    allowed.refused(1, 0);
    allowed.refused(1, MINUTE);
    allowed.worked(2);
    allowed.refused(2, 3 * MINUTE);
    assert.equal(allowed.limit(3 * MINUTE), 2);
    assert.equal(allowed.nextTry(3 * MINUTE), 5 * MINUTE);
  });

  it('knows a connection that works although others were refused at the same time', () => {
    const allowed = createAllowedConnections(10);
    allowed.refused(2, 0);
    allowed.worked(3);
    assert.equal(allowed.limit(0), 3);
    assert.equal(allowed.nextTry(0), MINUTE);
  });
});

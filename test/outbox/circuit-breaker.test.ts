import assert from 'node:assert/strict';
import { createCircuitBreaker, type CircuitBreaker } from '../../nodes/outbox/circuit-breaker';
import { newProgress, type Entry } from '../../nodes/store/store';
import type { Attempt } from '../../nodes/types';
import { accept, answer, fail, failureOf, newMail } from '../builders';

const entryOf = (mail = newMail()): Entry => ({
  mail,
  progress: newProgress(mail.envelope.to),
  recovered: false,
});

describe('the circuit breaker of an account', () => {
  let circuit: CircuitBreaker;
  beforeEach(() => (circuit = createCircuitBreaker(() => 0)));

  const down = failureOf('account');

  it('is closed at first, and opens when the account fails', () => {
    assert.equal(circuit.state(0), 'closed');
    assert.equal(circuit.outage(), null);
    circuit.trip(down, 0, 100);
    assert.equal(circuit.state(100), 'open');
    assert.equal(circuit.outage()?.failure, down);
  });

  it('lets a probe through after 15 s, and after waits that grow up to 12 minutes while probes fail', () => {
    let now = 0;
    circuit.trip(down, now, now);
    for (const wait of [15, 30, 60, 120, 240, 480, 720, 720]) {
      assert.equal(circuit.state(now + wait * 1_000 - 1), 'open');
      now += wait * 1_000;
      assert.equal(circuit.state(now), 'half-open');
      circuit.trip(down, now, now);
    }
    assert.equal(circuit.outage()?.since, 0);
    assert.equal(circuit.outage()?.failures, 9);
  });

  it('waits as long as the failure asks for', () => {
    circuit.trip(failureOf('account', { minWait: 3_600_000 }), 0, 0);
    assert.equal(circuit.state(3_599_999), 'open');
    assert.equal(circuit.state(3_600_000), 'half-open');
  });

  it('learns nothing from an attempt that began before the last failure', () => {
    circuit.trip(down, 0, 100);
    const { nextAttempt } = circuit.outage() ?? {};
    // Ten connections that were open at the moment of the outage fail one after the other.
    for (let now = 101; now < 110; now++) circuit.trip(failureOf('account', { message: 'late' }), 50, now);
    const outage = circuit.outage();
    assert.deepEqual([outage?.failures, outage?.nextAttempt, outage?.failure], [1, nextAttempt, down]);
    // Nor does one that succeeds: it was answered by the server of before.
    circuit.succeeded(99);
    assert.equal(circuit.state(110), 'open');
  });

  it('closes when a probe gets as far as a verdict on the mail, and starts over with the next outage', () => {
    circuit.trip(down, 0, 0);
    circuit.trip(down, 15_000, 15_000);
    circuit.succeeded(45_000);
    assert.equal(circuit.state(45_000), 'closed');
    circuit.trip(down, 50_000, 50_000);
    assert.deepEqual([circuit.outage()?.since, circuit.outage()?.failures], [50_000, 1]);
  });

  it('is closed by a reset', () => {
    circuit.trip(down, 0, 0);
    circuit.reset();
    assert.equal(circuit.state(0), 'closed');
  });

  describe('probes', () => {
    it('with the first mail while the server does not get as far as a mail', () => {
      for (let now = 0; now < 3; now++) {
        circuit.trip(failureOf('account', { command: 'AUTH' }), now, now);
        assert.equal(circuit.probeIndex(5), 0);
      }
    });

    for (const command of ['MAIL FROM', 'RCPT TO', 'DATA']) {
      it(`with one mail after the other when the server refuses at ${command}, for one mail may be the cause`, () => {
        const indexes: number[] = [];
        for (let now = 0; now < 4; now++) {
          circuit.trip(failureOf('account', { command }), now, now);
          indexes.push(circuit.probeIndex(3));
        }
        assert.deepEqual(indexes, [0, 1, 2, 0]);
        assert.equal(circuit.probeIndex(0), 0);
      });
    }

    it('with none when it is closed: the first mail is next', () => {
      assert.equal(circuit.probeIndex(3), 0);
    });
  });

  describe('takes a failure for that of the mail', () => {
    const scopeOf = ({ failure }: Attempt) => failure?.scope;

    it('when it failed so before, and the account worked in between', () => {
      const poison = entryOf();
      assert.equal(scopeOf(circuit.classify(poison, fail(down))), 'account');
      circuit.succeeded(0);
      const attempt = circuit.classify(poison, fail(down));
      assert.equal(scopeOf(attempt), 'message');
      assert.equal(attempt.failure?.error, down.error);
    });

    it('also when each of its recipients was refused for a reason of the account', () => {
      const poison = entryOf(newMail(['a@x.test', 'b@x.test']));
      const attempt = answer([], { 'a@x.test': down, 'b@x.test': failureOf('message') });
      circuit.classify(poison, attempt);
      circuit.succeeded(0);
      assert.deepEqual(
        circuit.classify(poison, attempt).refused.map(({ failure }) => failure.scope),
        ['message', 'message'],
      );
    });

    it('but not when nothing worked in between, or when another mail failed before', () => {
      const first = entryOf();
      circuit.classify(first, fail(down));
      assert.equal(scopeOf(circuit.classify(first, fail(down))), 'account');
      circuit.succeeded(0);
      assert.equal(scopeOf(circuit.classify(entryOf(), fail(down))), 'account');
    });

    it('but not when the account is not to blame at all', () => {
      const entry = entryOf();
      const attempts = [accept(['a@x.test']), fail(failureOf('connection')), fail(failureOf('message'))];
      for (const attempt of attempts) {
        circuit.classify(entry, attempt);
        circuit.succeeded(0);
        assert.equal(circuit.classify(entry, attempt), attempt);
      }
    });
  });
});

/** Each way in which a server or the network can fail, at each point of the dialogue: what becomes of the mail. */
import assert from 'node:assert/strict';
import { closedAfterEach } from '../servers/closing';
import { at, firstOf, type Script } from '../servers/fault-script';
import { startFaultServer, type FaultServer } from '../servers/fault-server';
import { fastClock } from './clocks';
import { newMail } from '../builders';
import { openLine, type Line } from './delivery-fixture';
import { useFolder } from '../store/disk/disk-fixture';
import { BETWEEN_MAILS, ONE_OF_THREE, TRIALS, type Ending, type Trial } from './fault-trials';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** 15 s, the first wait, become 2.5 ms; an hour 600 ms. */
const FACTOR = 6_000;

/**
 * Most connections in six minutes of trouble. The waits grow from 15 s, so six probes fit in, and each may be repeated at once
 * on a new connection.
 */
const MOST_CONNECTIONS = 12;

const WORDS: Record<Ending, string> = {
  sent: 'is sent as if nothing had been',
  again: 'is sent on another connection, with no attempt used up',
  pause: 'is sent after a pause of the connector, with no attempt used up',
  attempt: 'is sent with its next attempt, and holds nobody up',
  doubt: 'is sent again with the same Message-ID, and says that a duplicate is possible',
  mail: 'is reported as failed, at once',
};

describe('a mail in the outbox', () => {
  const opened = closedAfterEach();
  const folder = useFolder();
  let server: FaultServer;

  async function line(
    trial: Pick<Trial, 'server' | 'properties' | 'size'>,
    script: Script,
    retryFor = 24 * HOUR,
  ) {
    // A server that has eight megabytes to read on a busy machine is not silent.
    const timeout = trial.size ? 2_000 : 250;
    server = await opened(startFaultServer({ ...trial.server, script }));
    const one: Line = await opened(
      openLine({
        server,
        folder: folder(),
        clock: fastClock(FACTOR),
        policy: { retryFor },
        properties: [
          `mail.smtp.timeout=${timeout}`,
          `mail.smtp.connectiontimeout=${timeout}`,
          ...(trial.properties ?? []),
        ],
        ...(trial.server?.login ? { login: trial.server.login } : {}),
      }),
    );
    one.start();
    return one;
  }

  const scriptOf = ({ phases, fault }: Trial, time?: number): Script =>
    firstOf(...phases.map((phase) => at(phase, fault, time)));

  /** How often the server accepted a mail. */
  const accepted = (messageId: string | null) =>
    server.ledger.items.filter((entry) => entry.messageId === messageId).length;

  /** The result of each mail, in the order in which they were added; there is exactly one of each. */
  async function resultsOf({ outbox, results, troubles }: Line, mails: number) {
    const all = (await results.waitFor(mails)).sort((a, b) => (a.id < b.id ? -1 : 1));
    await outbox.stop();
    assert.equal(results.items.length, mails);
    const count = (status: string) => all.filter((result) => result.status === status).length;
    assert.deepEqual(outbox.counts(), {
      queued: 0,
      deferred: 0,
      sending: 0,
      sent: count('sent'),
      failed: count('failed'),
    });
    assert.deepEqual(troubles, []);
    for (const { messageId, status } of all) assert.equal(accepted(messageId), status === 'sent' ? 1 : 0);
    return all;
  }

  describe('that meets a fault once', () => {
    for (const trial of TRIALS) {
      const { name, ending } = trial;
      it(`${WORDS[ending]}: ${name}`, async () => {
        const one = await line(trial, scriptOf(trial, 1));
        await one.outbox.add(newMail(['a@x.test'], { fill: trial.size ?? 1 }));
        await one.outbox.add(newMail());
        const [met, other] = await resultsOf(one, 2);

        assert.equal(met?.status, ending === 'mail' ? 'failed' : 'sent');
        assert.equal(met.attempts, ending === 'attempt' || ending === 'doubt' ? 2 : 1);
        assert.equal(met.duplicatePossible, ending === 'doubt');
        assert.equal(met.error !== undefined, ending === 'mail');
        assert.deepEqual([other?.status, other?.attempts, other?.duplicatePossible], ['sent', 1, false]);
        const pauses = one.problems.items.length;
        if (ending === 'again') assert.ok(pauses <= 1, one.problems.items.join());
        else assert.equal(pauses, ending === 'pause' ? 1 : 0, one.problems.items.join());
        if (ending === 'doubt') {
          assert.deepEqual(
            server.unanswered().map(({ messageId }) => messageId),
            [met.messageId],
          );
        }
      });
    }
  });

  describe('that meets a fault each time', () => {
    const bad = TRIALS.filter(({ ending }) => ending !== 'mail' && ending !== 'sent');
    for (const trial of bad) {
      it(`is reported as failed when its time is over, with the reason: ${trial.name}`, async () => {
        const { outbox, results } = await line(trial, scriptOf(trial), 6 * MINUTE);
        await outbox.add(newMail(['a@x.test'], { fill: trial.size ?? 1 }));
        const result = await results.next(15_000);
        assert.equal(result.status, 'failed');
        assert.ok(result.error?.code && result.error.message);
        assert.equal(result.rejected.length, 1);
        assert.equal(result.duplicatePossible, trial.ending === 'doubt');
        assert.deepEqual(server.ledger.items, []);
        assert.equal(results.items.length, 1);
        assert.ok(server.connections.total <= MOST_CONNECTIONS, `${server.connections.total} connections`);
        await outbox.stop();
        assert.deepEqual(outbox.counts(), { queued: 0, deferred: 0, sending: 0, sent: 0, failed: 1 });
      });
    }
  });

  describe('of three recipients, one of whom meets a fault once', () => {
    const [first, second, third] = ['first@x.test', 'second@x.test', 'third@x.test'] as const;
    const WORDS_OF_ONE: Record<(typeof ONE_OF_THREE)[number]['ending'], string> = {
      again: 'reaches all three together',
      later: 'reaches the others now and this one later, each with one mail',
      never: 'reaches the others, and this one is rejected',
    };
    for (const { name, fault, ending } of ONE_OF_THREE) {
      it(`${WORDS_OF_ONE[ending]}: ${name}`, async () => {
        const one = await line({}, ({ phase, address, count }) =>
          phase === 'rcpt' && address === second && count === 1 ? fault : undefined,
        );
        await one.outbox.add(newMail([first, second, third]));
        const result = await one.results.next();
        await one.outbox.stop();
        const mailed = server.ledger.items.map(({ recipients }) => recipients);
        const { again, later, never } = {
          again: [[first, second, third]],
          later: [[first, third], [second]],
          never: [[first, third]],
        };
        assert.deepEqual(mailed, { again, later, never }[ending]);
        assert.equal(result.status, 'sent');
        assert.deepEqual([...result.accepted].sort(), mailed.flat().sort());
        assert.deepEqual(
          result.rejected.map(({ address }) => address),
          ending === 'never' ? [second] : [],
        );
        assert.equal(result.duplicatePossible, false);
        assert.deepEqual(one.results.items.length, 1);
      });
    }
  });

  describe('that follows another on the same connection', () => {
    for (const { name, script, spoilt } of BETWEEN_MAILS) {
      it(`is sent once: ${name}`, async () => {
        const one = await line({}, script);
        await one.outbox.add(newMail([spoilt ? 'nobody@x.test' : 'a@x.test']));
        await one.results.waitFor(1);
        await one.outbox.add(newMail());
        const [before, after] = await resultsOf(one, 2);
        assert.equal(before?.status, spoilt ? 'failed' : 'sent');
        assert.deepEqual([after?.status, after?.attempts, after?.duplicatePossible], ['sent', 1, false]);
        assert.ok(one.problems.items.length <= 1, one.problems.items.join());
      });
    }
  });
});

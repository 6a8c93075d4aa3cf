/** Fills an outbox while its mail server is down, lets the server come back, and compares their books. */
import assert from 'node:assert/strict';
import { freePort } from '../flows/user-dir';
import { startFaultServer } from '../servers/fault-server';
import { fastClock } from './clocks';
import { newMail } from '../builders';
import { openLine } from './delivery-fixture';

export interface OutageVerdict {
  /** Mails that the server accepted. */
  accepted: number;
  connections: number;
  /** Ms until all mails were queued, and from the return of the server until the last result. */
  queuedIn: number;
  drainedIn: number;
  /** Most resident memory of this process with the backlog, bytes. */
  rss: number;
}

/**
 * Runs an outage with so many mails on one connection; in memory when there is no folder. A clock `factor` times as fast
 * shortens the waits. Throws an AssertionError when a mail is lost, repeated, failed or out of order.
 */
export async function tryOutage(
  mails: number,
  folder: string | undefined,
  factor: number,
): Promise<OutageVerdict> {
  const port = await freePort();
  const line = await openLine({
    server: { host: '127.0.0.1', port },
    clock: fastClock(factor),
    ...(folder === undefined ? {} : { folder }),
  });
  try {
    line.start();
    const begun = performance.now();
    const expected: string[] = [];
    for (let done = 0; done < mails; done += 100) {
      const batch = Array.from({ length: Math.min(100, mails - done) }, () =>
        newMail(undefined, { fill: 2_000 }),
      );
      expected.push(...batch.map(({ messageId }) => messageId));
      await Promise.all(batch.map((one) => line.outbox.add(one)));
    }
    const queuedIn = performance.now() - begun;
    const { rss } = process.memoryUsage();
    assert.deepEqual(line.results.items, []);
    assert.deepEqual(await line.problems.waitFor(1), ['CONNECTION']);

    const server = await startFaultServer({ port });
    try {
      const back = performance.now();
      await line.results.waitFor(mails, 30_000 + mails * 20);
      const drainedIn = performance.now() - back;
      assert.deepEqual(
        server.ledger.items.map(({ messageId }) => messageId),
        expected,
      );
      assert.deepEqual(new Set(line.results.items.map(({ status }) => status)), new Set(['sent']));
      assert.deepEqual(new Set(line.results.items.map(({ messageId }) => messageId)).size, mails);
      assert.equal(line.results.items.length, mails);
      assert.ok(
        line.results.items.every(({ attempts, duplicatePossible }) => attempts === 1 && !duplicatePossible),
      );
      return {
        accepted: server.ledger.items.length,
        connections: server.connections.total,
        queuedIn,
        drainedIn,
        rss,
      };
    } finally {
      await server.close();
    }
  } finally {
    await line.close();
  }
}

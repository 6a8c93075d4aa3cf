/** Mails that end while the node that takes their outcomes is away. */
import assert from 'node:assert/strict';
import type { Deliver } from '../../nodes/outbox/dispatcher';
import { createDiskStore } from '../../nodes/store/disk/disk-store';
import { createOutbox, type Outbox } from '../../nodes/outbox/outbox';
import type { Store } from '../../nodes/store/store';
import { MailError, type EmailResult } from '../../nodes/types';
import { createJournal, type Journal } from '../servers/journal';
import { eventsWith, newMail, POLICY } from '../builders';
import { openStore, useFolder } from '../store/disk/disk-fixture';

const accept: Deliver = (_mail, recipients) =>
  Promise.resolve({ accepted: recipients, refused: [], response: '250 ok' });

const refuse: Deliver = () =>
  Promise.resolve({
    accepted: [],
    refused: [],
    response: null,
    failure: { scope: 'message', permanent: true, minWait: 0, error: new MailError('REFUSED', 'spam') },
  });

const neverAsked: Deliver = () => assert.fail('the mail was sent again');

interface Process {
  outbox: Outbox;
  store: Store;
  results: Journal<EmailResult>;
  /** Has the node back for what was deferred. */
  deferred: Journal<() => void>;
}

describe('the outcome of a mail whose node is away', () => {
  const folder = useFolder();

  async function open(away: boolean): Promise<Process> {
    let isAway = away;
    const results = createJournal<EmailResult>('results', ({ status }) => status);
    const deferred = createJournal<() => void>('deferred reports', () => 'one');
    const store = createDiskStore({ folder: folder(), warn: assert.fail });
    const outbox = createOutbox({
      store,
      policy: POLICY,
      receiver: {
        messagesOf: () => undefined,
        async report({ result, commit, again }) {
          if (isAway) {
            deferred.add(() => {
              isAway = false;
              again();
            });
            return 'later';
          }
          await commit();
          results.add(result);
          return 'told';
        },
      },
      events: eventsWith(),
    });
    await outbox.open();
    return { outbox, store, results, deferred };
  }

  async function end({ outbox, store }: Process): Promise<void> {
    await outbox.stop();
    await store.close();
  }

  for (const [status, deliver] of [
    ['sent', accept],
    ['failed', refuse],
  ] as const) {
    it(`is told once when the node is back, and counted once: ${status}`, async () => {
      const here = await open(true);
      here.outbox.start(deliver, POLICY);
      await here.outbox.add(newMail());
      const [comeBack] = await here.deferred.waitFor(1);
      assert.deepEqual(here.results.items, []);
      assert.equal(here.outbox.counts()[status], 1);
      comeBack?.();
      const result = await here.results.next();
      assert.deepEqual([result.status, result.recovered, result.attempts], [status, false, 1]);
      assert.equal(here.outbox.counts()[status], 1);
      await end(here);
      assert.equal(here.results.items.length, 1);
      const { entries, store } = await openStore(folder());
      assert.deepEqual(entries, []);
      await store.close();
    });

    it(`is told once by the next process as recovered when this one ends before: ${status}`, async () => {
      const first = await open(true);
      first.outbox.start(deliver, POLICY);
      await first.outbox.add(newMail());
      await first.deferred.waitFor(1);
      await end(first);
      assert.deepEqual(first.results.items, []);

      const second = await open(false);
      assert.deepEqual(second.results.items, []);
      second.outbox.start(neverAsked, POLICY);
      const result = await second.results.next();
      assert.deepEqual([result.status, result.recovered], [status, true]);
      assert.equal(result.duplicatePossible, false);
      assert.equal(result.error?.code, status === 'failed' ? 'REFUSED' : undefined);
      const { sent, failed } = second.outbox.counts();
      assert.deepEqual([sent, failed], status === 'sent' ? [1, 0] : [0, 1]);
      // A later start of the same connector has nothing left to tell.
      await second.outbox.stop();
      second.outbox.start(neverAsked, POLICY);
      await end(second);
      assert.equal(second.results.items.length, 1);

      const third = await open(false);
      third.outbox.start(neverAsked, POLICY);
      await end(third);
      assert.deepEqual(third.results.items, []);
    });

    it(`is told once when the outbox closes before, as that of a deleted connector does: ${status}`, async () => {
      const here = await open(true);
      here.outbox.start(deliver, POLICY);
      await here.outbox.add(newMail());
      const [comeBack] = await here.deferred.waitFor(1);
      await here.outbox.stop();
      await here.outbox.close();
      comeBack?.();
      assert.equal((await here.results.next()).status, status);
      const { entries, store } = await openStore(folder());
      assert.deepEqual(entries, []);
      await store.close();
    });
  }

  it('waits over several processes', async () => {
    const first = await open(true);
    first.outbox.start(accept, POLICY);
    await first.outbox.add(newMail());
    await first.deferred.waitFor(1);
    await end(first);

    const second = await open(true);
    second.outbox.start(neverAsked, POLICY);
    await second.deferred.waitFor(1);
    await end(second);
    assert.deepEqual(second.results.items, []);

    const third = await open(false);
    third.outbox.start(neverAsked, POLICY);
    assert.equal((await third.results.next()).status, 'sent');
    await end(third);
  });
});

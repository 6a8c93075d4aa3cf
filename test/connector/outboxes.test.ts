import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  createOutboxes,
  orphanedEvents,
  outboxFolder,
  type Outboxes,
  type SharedOutbox,
} from '../../nodes/connector/outboxes';
import type { Outbox } from '../../nodes/outbox/outbox';
import { MailError, type EmailResult } from '../../nodes/types';
import { accept, eventsWith, newMail, POLICY, receiverFor } from '../builders';
import { createJournal, type Journal } from '../servers/journal';
import { openStore, useFolder } from '../store/disk/disk-fixture';

describe('the outboxes of a process', () => {
  const folder = useFolder();
  let outboxes: Outboxes;
  let results: Journal<EmailResult>;
  let warnings: string[];
  let opened: Set<Outbox>;

  beforeEach(() => {
    results = createJournal('results', ({ status }) => status);
    outboxes = createOutboxes(receiverFor((result) => results.add(result)));
    warnings = [];
    opened = new Set();
  });
  afterEach(async () => {
    for (const outbox of opened) await outbox.close();
  });

  async function open(kind: 'disk' | 'memory', events = eventsWith(), id = 'c'): Promise<SharedOutbox> {
    const location = { kind, folder: join(folder(), id) };
    const shared = await outboxes.open(id, {
      location,
      policy: POLICY,
      events,
      warn: (text) => warnings.push(text),
    });
    opened.add(shared.outbox);
    return shared;
  }

  const queued = ({ outbox }: SharedOutbox) => outbox.counts().queued;

  for (const kind of ['memory', 'disk'] as const) {
    it(`are found again by the next node of the same connector, whose events they tell then: ${kind}`, async () => {
      const first = await open(kind);
      await first.outbox.add(newMail());
      let told = 0;
      const second = await open(kind, eventsWith({ changed: () => (told += 1) }));
      assert.equal(second, first);
      assert.equal(queued(second), 1);
      await second.outbox.add(newMail());
      assert.equal(told, 1);
    });
  }

  it('are not shared by two connectors', async () => {
    const one = await open('memory', eventsWith(), 'one');
    await one.outbox.add(newMail());
    assert.equal(queued(await open('memory', eventsWith(), 'two')), 0);
  });

  it('move their mails to the disk when the field says so, and nothing is left in memory', async () => {
    const memory = await open('memory');
    const mails = [newMail(), newMail(), newMail()];
    for (const mail of mails) await memory.outbox.add(mail);
    const disk = await open('disk');
    assert.notEqual(disk, memory);
    assert.deepEqual([queued(memory), queued(disk)], [0, 3]);
    disk.outbox.start(async (_mail, recipients) => accept(recipients), POLICY);
    const sent = await results.waitFor(3);
    assert.deepEqual(
      sent.map(({ id }) => id),
      mails.map(({ id }) => id),
    );
    await disk.outbox.stop();
    // The next node finds those on the disk.
    assert.equal(await open('disk'), disk);
  });

  it('keep what could not be moved, so that the next start goes on with it', async () => {
    const memory = await open('memory');
    for (let i = 0; i < 3; i++) await memory.outbox.add(newMail());
    const { moveTo } = memory.outbox;
    // The disk is full after one mail.
    memory.outbox.moveTo = async (other) => {
      let room = 1;
      const { adopt } = other;
      other.adopt = (entry) =>
        room-- > 0 ? adopt(entry) : Promise.reject(new MailError('OUTBOX_DISK', 'full'));
      await moveTo(other);
    };
    await assert.rejects(open('disk'), { code: 'OUTBOX_DISK' });
    assert.equal(queued(memory), 2);
    // Whoever asks for memory still finds the rest there.
    assert.equal(await open('memory'), memory);

    memory.outbox.moveTo = moveTo;
    const disk = await open('disk');
    assert.deepEqual([queued(memory), queued(disk)], [0, 3]);
  });

  it('leave on the disk what is there when the field says memory, and say so', async () => {
    const disk = await open('disk');
    await disk.outbox.add(newMail());
    const memory = await open('memory');
    assert.equal(queued(memory), 0);
    assert.match(warnings[0] ?? '', /1 mails stay in/);
    const { entries, store } = await openStore(disk.location.folder);
    assert.equal(entries.length, 1);
    await store.close();
  });

  it('can be tried again when they could not be opened', async () => {
    const path = join(folder(), 'c');
    const { store } = await openStore(path);
    await assert.rejects(open('disk'), { code: 'OUTBOX_LOCKED' });
    await store.close();
    assert.equal(queued(await open('disk')), 0);
  });

  it('stay as they are when the other kind can not be opened', async () => {
    const memory = await open('memory');
    await memory.outbox.add(newMail());
    const { store } = await openStore(join(folder(), 'c'));
    await assert.rejects(open('disk'), { code: 'OUTBOX_LOCKED' });
    assert.equal(await open('memory'), memory);
    assert.equal(queued(memory), 1);
    await store.close();
  });

  it('of a deleted connector fail what waits in memory, with the reason', async () => {
    const { outbox } = await open('memory');
    await outbox.add(newMail());
    assert.equal(await outboxes.drop('c', new MailError('DELETED', 'the connector was deleted')), null);
    assert.equal((await results.next()).error?.code, 'DELETED');
  });

  it('of a deleted connector stay on the disk, and that is said; the lock is free then', async () => {
    const { outbox, location } = await open('disk');
    await outbox.add(newMail());
    const left = await outboxes.drop('c', new MailError('DELETED', 'the connector was deleted'));
    assert.match(left ?? '', /1 mails stay in .*c: a connector with this id/);
    assert.deepEqual(results.items, []);
    const { entries, store } = await openStore(location.folder);
    assert.equal(entries.length, 1);
    await store.close();
  });

  it('that nobody opened need not be dropped', async () => {
    assert.equal(await outboxes.drop('c', new MailError('DELETED', '')), null);
  });

  it('give back the events that waited in batches, and name the nodes that do not take them', async () => {
    const { outbox, location } = await open('disk');
    await outbox.keepEvent({ id: '1', nodeId: 'n1', data: { topic: 'a' } });
    await outbox.keepEvent({ id: '2', nodeId: 'n1', data: { topic: 'b' } });
    await outbox.close();
    outboxes = createOutboxes(receiverFor(() => undefined));
    const again = await open('disk');
    assert.deepEqual(
      again.leftEvents.map(({ id }) => id),
      ['1', '2'],
    );
    assert.match(orphanedEvents(again) ?? '', /2 events .*\(n1\)/);
    assert.ok(existsSync(location.folder));
    again.leftEvents = [];
    assert.equal(orphanedEvents(again), null);
  });

  it('have folders below the user directory, whatever the id of the connector', () => {
    assert.equal(outboxFolder('/u', 'a1.b2'), join('/u', 'email-outbox', 'a1.b2'));
    for (const id of ['..', '.', '../x', 'a/b', 'a\\b', 'a:b'])
      assert.match(outboxFolder('/u', id), /^.u.email-outbox.[\w%.-]*%[\w%.-]*$/);
  });
});

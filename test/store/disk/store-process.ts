/**
 * Run by disk-store-crash.test.ts as a process of its own, until it is killed: adds, tries and finishes mails, and tells each
 * step before it begins (small letter) and after the store has kept it (capital): a/A add, f/F finish, e/E event, d/D dropped.
 */
import { writeSync } from 'node:fs';
import { entry, openStore, result } from './disk-fixture';

const [folder = '', prefix = ''] = process.argv.slice(2);
const tell = (step: string, id: string) => writeSync(1, `${step} ${id}\n`);

async function life(
  store: Awaited<ReturnType<typeof openStore>>['store'],
  id: string,
  i: number,
): Promise<void> {
  const event = `event-${id}`;
  tell('e', event);
  await store.keepEvent({ id: event, nodeId: 'n', data: { payload: id } });
  tell('E', event);
  const size = i % 10 === 0 ? 300_000 : 2_000;
  const one = entry(id, Buffer.alloc(size, `${id};`), [{ payload: id }]);
  tell('a', id);
  tell('d', event);
  await store.add(one, [event]);
  tell('A', id);
  tell('D', event);
  one.progress.dotSent = true;
  await store.save(one);
  if (i % 3 === 0) return;
  tell('f', id);
  await store.finish(one, result(one, i % 3 === 1 ? 'sent' : 'failed'));
  tell('F', id);
}

void openStore(folder, { segmentBytes: 60_000 }).then(async ({ store }) => {
  for (let i = 0; ; i += 4) {
    await Promise.all(
      Array.from({ length: 4 }, (_, k) => life(store, `${prefix}-${String(i + k).padStart(6, '0')}`, i + k)),
    );
  }
});

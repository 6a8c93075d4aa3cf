/** Many events in few mails, against one mail for each. */
import { inTurns, perSecond, send, withPeers } from '../rounds.mjs';
import { startEmailNode, startSendEmail } from '../peers.mjs';
import { startSink } from '../sink.mjs';

export const title = '100,000 msgs in batches of 100 against a mail for each';

const BATCH = 100;
/** A line for each event, as digests have them. */
const BYTES = 80;

export async function run({ runs, scale }) {
  const node = {
    batchSize: BATCH,
    batchTimeout: 3_600,
    format: 'html',
    template: '{{index}}: {{event}}<br>',
  };
  const inMemory = { count: scale(100_000), bytes: BYTES };
  const onDisk = { count: scale(20_000), bytes: BYTES };
  const single = { count: scale(3_000), bytes: BYTES };
  return withPeers([startSink], (sink) =>
    withPeers(
      [
        () => startSendEmail({ ...sink, node }),
        () => startSendEmail({ ...sink, node, connector: { outbox: 'disk' } }),
        () => startEmailNode(sink),
      ],
      async (memory, disk, email) => {
        disk.name += ' (disk)';
        const loads = new Map([
          [memory, inMemory],
          [disk, onDisk],
          [email, single],
        ]);
        const measure = (peer, load) =>
          send(peer, sink, load, {
            lossy: peer === email,
            expected: peer === email ? load.count : load.count / BATCH,
          });
        for (const [peer, load] of loads) await measure(peer, { ...load, count: 300 });
        const of = await inTurns([...loads.keys()], runs, (peer) => measure(peer, loads.get(peer)));
        const other = { name: email.name, values: of(email.name, perSecond) };
        const better = 'more';
        return {
          comparisons: [
            {
              what: 'outbox in memory',
              unit: 'events/s',
              ours: of(memory.name, perSecond),
              other,
              better,
              goal: { ratio: 15 },
            },
            {
              what: 'each event on disk as it waits',
              unit: 'events/s',
              ours: of(disk.name, perSecond),
              other,
              better,
            },
          ],
          notes: [
            `in a run ${inMemory.count} msgs in memory, ${onDisk.count} on disk, ${single.count} through node-red-node-email`,
          ],
        };
      },
    ),
  );
}

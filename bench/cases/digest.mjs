/** Many events in few mails, with the fields of a new node but for the size of the batch; against one mail for each. */
import { inTurns, perSecond, send, withPeers } from '../rounds.mjs';
import { startEmailNode, startSendEmail } from '../peers.mjs';
import { startSink } from '../sink.mjs';

export const title = '100,000 msgs in batches of 100 against a mail for each';

const BATCH = 100;
/** A line for each event, as digests have them. */
const BYTES = 80;

export async function run({ runs, scale }) {
  const node = { batchSize: BATCH, batchTimeout: 3_600 };
  const many = { count: scale(100_000), bytes: BYTES };
  const single = { count: scale(3_000), bytes: BYTES };
  return withPeers([startSink], (sink) =>
    withPeers(
      [
        () => startSendEmail({ ...sink, node }),
        () => startSendEmail({ ...sink, node, connector: { outbox: 'memory' } }),
        () => startEmailNode(sink),
      ],
      async (disk, memory, email) => {
        memory.name += ' (memory)';
        const loads = new Map([
          [disk, many],
          [memory, many],
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
        const against = (what, peer, ratio) => ({
          what,
          unit: 'events/s',
          ours: of(peer.name, perSecond),
          other,
          better: 'more',
          goal: { ratio },
        });
        return {
          comparisons: [
            against('HTML, disk: each event is kept as it waits', disk, 8),
            against('HTML, memory', memory, 15),
          ],
          notes: [`in a run ${many.count} msgs, ${single.count} through node-red-node-email`],
        };
      },
    ),
  );
}

/** As the case single, with every mail safe on disk before the next msg is taken. */
import { inTurns, perSecond, send, withPeers } from '../rounds.mjs';
import { startBarePool, startSendEmail } from '../peers.mjs';
import { startSink } from '../sink.mjs';

export const title = '3,000 msgs of 2 KB, each a mail, over 2 connections, outbox on disk';

export async function run({ runs, scale }) {
  const load = { count: scale(3_000), bytes: 2_048 };
  return withPeers([startSink], (sink) =>
    withPeers(
      [() => startSendEmail({ ...sink, connector: { outbox: 'disk' } }), () => startBarePool(sink)],
      async (ours, pool) => {
        for (const peer of [ours, pool]) await send(peer, sink, { ...load, count: 300 });
        const of = await inTurns([ours, pool], runs, (peer) => send(peer, sink, load));
        return {
          comparisons: [
            {
              what: 'accepted',
              unit: 'mails/s',
              ours: of(ours.name, perSecond),
              other: { name: `${pool.name}, nothing kept`, values: of(pool.name, perSecond) },
              better: 'more',
              goal: { ratio: 0.6 },
            },
          ],
        };
      },
    ),
  );
}

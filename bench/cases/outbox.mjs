/** What it costs to keep mails: the outbox in memory and on disk, against a pool that keeps nothing, in the same rounds. */
import { inTurns, perSecond, send, withPeers } from '../rounds.mjs';
import { startBarePool, startSendEmail } from '../peers.mjs';
import { startSink } from '../sink.mjs';

export const title = '3,000 msgs of 2 KB, each a mail, over 2 connections, outbox in memory and on disk';

export async function run({ runs, scale }) {
  const load = { count: scale(3_000), bytes: 2_048 };
  const start = async (sink, outbox) => ({
    ...(await startSendEmail({ ...sink, connector: { outbox } })),
    name: outbox,
  });
  return withPeers([startSink], (sink) =>
    withPeers(
      [() => start(sink, 'memory'), () => start(sink, 'disk'), () => startBarePool(sink)],
      async (memory, disk, pool) => {
        const peers = [memory, disk, pool];
        for (const peer of peers) await send(peer, sink, { ...load, count: 300 });
        const of = await inTurns(peers, runs, (peer) => send(peer, sink, load));
        const against = (peer, other) => ({
          what: `accepted, outbox ${peer.name}`,
          unit: 'msgs/s',
          ours: of(peer.name, perSecond),
          other: { name: other.name, values: of(other.name, perSecond) },
          better: 'more',
        });
        return {
          notes: [
            "nodemailer's pool pauses for 100 ms each time it replaces a connection, by default after 100 mails",
          ],
          comparisons: [against(memory, pool), against(disk, pool), against(disk, { name: memory.name })],
        };
      },
    ),
  );
}

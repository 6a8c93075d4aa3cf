/** The fields of new nodes: an HTML template with its text part, and an outbox on disk; and the same in memory. */
import { inTurns, perSecond, send, withPeers } from '../rounds.mjs';
import { startBarePool, startEmailNode, startSendEmail } from '../peers.mjs';
import { startSink } from '../sink.mjs';

export const title = '3,000 msgs of 2 KB, each a mail of HTML and text, over 2 connections';

export async function run({ runs, scale }) {
  const load = { count: scale(3_000), bytes: 2_048 };
  return withPeers([startSink], (sink) =>
    withPeers(
      [
        () => startSendEmail(sink),
        () => startSendEmail({ ...sink, connector: { outbox: 'memory' } }),
        () => startBarePool({ ...sink, more: { maxMessages: 1_000_000 }, html: true }),
        () => startEmailNode(sink),
      ],
      async (disk, memory, pool, email) => {
        memory.name += ' (memory)';
        pool.name += ', maxMessages raised';
        const peers = [disk, memory, pool, email];
        for (const peer of peers) await send(peer, sink, { ...load, count: 300 }, { lossy: peer === email });
        const of = await inTurns(peers, runs, (peer) => send(peer, sink, load, { lossy: peer === email }));
        const cpu = ({ cpuMs, sent }) => cpuMs / sent;
        const against = (fields, peer, other, ratio) => ({
          what: `accepted; ${fields}`,
          unit: 'mails/s',
          ours: of(peer.name, perSecond),
          other: { name: other.name, values: of(other.name, perSecond) },
          better: 'more',
          goal: { ratio },
        });
        return {
          comparisons: [
            against('HTML, disk', disk, email, 1.2),
            against('HTML, memory', memory, email, 1.5),
            against('HTML, disk', disk, pool, 0.8),
            against('HTML, memory', memory, pool, 1),
            ...[disk, memory].map((peer) => ({
              what: `CPU time for a mail; HTML, ${peer === disk ? 'disk' : 'memory'}`,
              unit: 'ms',
              ours: of(peer.name, cpu),
              other: { name: pool.name, values: of(pool.name, cpu) },
              better: 'less',
            })),
          ],
        };
      },
    ),
  );
}

/** Each msg is a mail of its own, against a mail server that answers at once. */
import { inTurns, perSecond, send, withPeers } from '../rounds.mjs';
import { startBarePool, startEmailNode, SMALLEST, startSendEmail } from '../peers.mjs';
import { startSink } from '../sink.mjs';

export const title = '3,000 msgs of 2 KB, each a mail, over 2 connections, outbox in memory';

export async function run({ runs, scale }) {
  const load = { count: scale(3_000), bytes: 2_048 };
  return withPeers([startSink], (sink) =>
    withPeers(
      [
        () => startSendEmail({ ...sink, ...SMALLEST }),
        () => startBarePool(sink),
        () => startBarePool({ ...sink, more: { maxMessages: 1_000_000 } }),
        () => startEmailNode(sink),
      ],
      async (ours, pool, tuned, email) => {
        tuned.name += ', maxMessages raised';
        const peers = [ours, pool, tuned, email];
        for (const peer of peers) await send(peer, sink, { ...load, count: 300 });
        const of = await inTurns(peers, runs, (peer) => send(peer, sink, load, { lossy: peer === email }));
        const speed = of(ours.name, perSecond);
        const lost = of(email.name, ({ arrived }) => load.count - arrived);
        return {
          comparisons: [
            {
              what: 'accepted',
              unit: 'mails/s',
              ours: speed,
              other: { name: pool.name, values: of(pool.name, perSecond) },
              better: 'more',
              goal: { ratio: 1 },
            },
            {
              what: 'accepted',
              unit: 'mails/s',
              ours: speed,
              other: { name: tuned.name, values: of(tuned.name, perSecond) },
              better: 'more',
            },
            {
              what: 'accepted',
              unit: 'mails/s',
              ours: speed,
              other: { name: email.name, values: of(email.name, perSecond) },
              better: 'more',
              goal: { ratio: 1.2 },
            },
            {
              what: 'sockets open at once',
              unit: '',
              ours: of(ours.name, ({ sockets }) => sockets.peak),
              other: { name: email.name, values: of(email.name, ({ sockets }) => sockets.peak) },
              goal: { most: 2 },
            },
            {
              what: 'CPU time for a mail',
              unit: 'ms',
              ours: of(ours.name, ({ cpuMs, sent }) => cpuMs / sent),
              other: { name: pool.name, values: of(pool.name, ({ cpuMs, sent }) => cpuMs / sent) },
              better: 'less',
            },
          ],
          notes: [
            "nodemailer's pool pauses for 100 ms each time it replaces a connection, by default after 100 mails",
            `node-red-node-email lost ${Math.max(...lost)} mails in its worst run`,
          ],
        };
      },
    ),
  );
}

/** All msgs at once, to a mail server that takes 20 connections and answers 421 to more. */
import { inTurns, send, withPeers } from '../rounds.mjs';
import { startEmailNode, startSendEmail } from '../peers.mjs';
import { startSink } from '../sink.mjs';

export const title = '10,000 msgs at once to a server that accepts 20 connections';

export async function run({ runs, scale }) {
  const count = scale(10_000);
  const load = { count, bytes: 2_048, slice: count, limitMs: 30_000 };
  return withPeers([() => startSink({ most: 20 })], (sink) =>
    withPeers([() => startSendEmail(sink), () => startEmailNode(sink)], async (ours, email) => {
      for (const peer of [ours, email]) await send(peer, sink, { ...load, count: 15 });
      const of = await inTurns([ours, email], runs, (peer) => send(peer, sink, load, { lossy: true }));
      const lost = (name) => of(name, ({ arrived }) => count - arrived);
      return {
        comparisons: [
          {
            what: `lost of ${count}`,
            unit: 'mails',
            ours: lost(ours.name),
            other: { name: email.name, values: lost(email.name) },
            goal: { most: 0 },
          },
          {
            what: 'event-loop delay, 99th percentile',
            unit: 'ms',
            ours: of(ours.name, ({ delay }) => delay.p99),
            other: { name: email.name, values: of(email.name, ({ delay }) => delay.p99) },
            goal: { most: 30 },
          },
          {
            what: 'event-loop delay, longest',
            unit: 'ms',
            ours: of(ours.name, ({ delay }) => delay.max),
            other: { name: email.name, values: of(email.name, ({ delay }) => delay.max) },
          },
        ],
        notes: ['the delay is sampled every 10 ms, and these 10 ms are part of it'],
      };
    }),
  );
}

/** As providers want it: implicit TLS and a login. */
import { inTurns, perSecond, send, withPeers } from '../rounds.mjs';
import { startEmailNode, startSendEmail } from '../peers.mjs';
import { startSink } from '../sink.mjs';

export const title = '1,000 msgs of 2 KB over implicit TLS with a login';

export async function run({ runs, scale }) {
  const load = { count: scale(1_000), bytes: 2_048 };
  return withPeers([() => startSink({ security: 'implicit', login: true })], (sink) =>
    withPeers(
      [
        () => startSendEmail({ port: sink.port, secure: true }),
        () => startEmailNode({ port: sink.port, secure: true }),
      ],
      async (ours, email) => {
        for (const peer of [ours, email]) await send(peer, sink, { ...load, count: 100 }, { lossy: true });
        const of = await inTurns([ours, email], runs, async (peer) => {
          const result = await send(peer, sink, load, { lossy: peer === email });
          return { ...result, sessions: (await sink.stats()).sessions };
        });
        return {
          comparisons: [
            {
              what: 'accepted',
              unit: 'mails/s',
              ours: of(ours.name, perSecond),
              other: { name: email.name, values: of(email.name, perSecond) },
              better: 'more',
              goal: { ratio: 4 },
            },
            {
              what: 'logins',
              unit: '',
              ours: of(ours.name, ({ sessions }) => sessions),
              other: { name: email.name, values: of(email.name, ({ sessions }) => sessions) },
            },
          ],
          notes: ['the connections of send-email stay open from one run to the next, as they do in use'],
        };
      },
    ),
  );
}

/** One alert now and then, to a mail server that is 40 ms away. */
import path from 'node:path';
import { BENCH, startChild } from '../child.mjs';
import { median } from '../report.mjs';
import { inTurns, withPeers } from '../rounds.mjs';
import { startEmailNode, startSendEmail } from '../peers.mjs';
import { startSink } from '../sink.mjs';

export const title = 'one alert at a time over TLS with a login, round trip of 40 ms';

const ROUND_TRIP_MS = 40;

export async function run({ runs, scale }) {
  const alerts = { count: scale(20), bytes: 2_048, pauseMs: 20 };
  return withPeers([() => startSink({ security: 'implicit', login: true })], (sink) =>
    withPeers([() => startFarAway(sink.port)], async (proxy) => {
      const server = { port: await proxy.ask('port'), secure: true };
      return withPeers([() => startSendEmail(server), () => startEmailNode(server)], async (ours, email) => {
        for (const peer of [ours, email]) await peer.ask('oneByOne', { ...alerts, count: 3 });
        const of = await inTurns([ours, email], runs, (peer) => peer.ask('oneByOne', alerts));
        return {
          comparisons: [
            {
              what: 'from the msg to the 250 of its mail',
              unit: 'ms',
              ours: of(ours.name, median),
              other: { name: email.name, values: of(email.name, median) },
              better: 'less',
              goal: { ratio: 4 },
            },
            {
              what: 'the same, in round trips',
              unit: '',
              ours: of(ours.name, (times) => median(times) / ROUND_TRIP_MS),
              goal: { most: 2.2 },
            },
          ],
          notes: [
            'send-email has a connection open from the mail before, as in a flow that sends now and then',
          ],
        };
      });
    }),
  );
}

function startFarAway(port) {
  const args = JSON.stringify({ port, roundTripMs: ROUND_TRIP_MS });
  return startChild(path.join(BENCH, 'delay-proxy.mjs'), [args]);
}

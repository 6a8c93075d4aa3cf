/** All msgs of a storm at the same moment, into a digest with the fields of a new node. */
import { setTimeout as wait } from 'node:timers/promises';
import { performance } from 'node:perf_hooks';
import { inTurns, send, withPeers } from '../rounds.mjs';
import { startSendEmail } from '../peers.mjs';
import { startSink } from '../sink.mjs';

export const title = '100,000 msgs at once into digests of 100, outbox on disk';

const BATCH = 100;
/** Between two questions to the HTTP API while the storm lasts, ms. */
const PAUSE_MS = 20;

export async function run({ runs, scale }) {
  const count = scale(100_000);
  const load = { count, bytes: 80, slice: count, limitMs: 120_000 };
  const node = { batchSize: BATCH, batchTimeout: 3_600 };
  return withPeers([startSink], (sink) =>
    withPeers([() => startSendEmail({ ...sink, node })], async (ours) => {
      await send(ours, sink, { ...load, count: 300, slice: 300 }, { expected: 300 / BATCH });
      const of = await inTurns([ours], runs, async (peer) => {
        const before = await peer.ask('memory');
        const answers = ask(peer);
        const result = await send(peer, sink, load, { expected: count / BATCH });
        return { ...result, ...(await answers.end()), grown: (result.rss - before.rss) / 1_000_000 };
      });
      return {
        comparisons: [
          { what: `time for ${count} msgs`, unit: 's', ours: of(ours.name, ({ ms }) => ms / 1000) },
          {
            what: 'answers of the HTTP API meanwhile, 99th percentile',
            unit: 'ms',
            ours: of(ours.name, ({ p99 }) => p99),
            goal: { most: 100 },
          },
          {
            what: 'memory beyond that before, at most',
            unit: 'MB',
            ours: of(ours.name, ({ grown }) => grown),
            goal: { most: 200 },
          },
        ],
        notes: ['the msgs themselves, which the flow holds until they are taken, are part of the memory'],
      };
    }),
  );
}

/** Asks for the state of the connector again and again until `end`, which gives how long the answers took. */
function ask(peer) {
  const times = [];
  let going = true;
  const asking = (async () => {
    while (going) {
      const start = performance.now();
      await (await fetch(`${peer.url}/email-server-connector/connector`)).json();
      times.push(performance.now() - start);
      await wait(PAUSE_MS);
    }
  })();
  return {
    async end() {
      going = false;
      await asking;
      times.sort((a, b) => a - b);
      return { p99: times[Math.min(Math.ceil(times.length * 0.99), times.length) - 1] };
    },
  };
}

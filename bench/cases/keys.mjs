/** As many batches as msgs wait at once: the time for a msg must not grow with their number. */
import { inTurns, send, withPeers } from '../rounds.mjs';
import { startSendEmail } from '../peers.mjs';
import { startSink } from '../sink.mjs';

export const title = 'msgs with as many values of batchBy, outbox on disk';

const BATCH = 2;

export async function run({ runs, scale }) {
  const node = { batchSize: BATCH, batchTimeout: 3_600, batchBy: '{{topic}}' };
  const few = scale(2_000);
  const many = scale(20_000);
  return withPeers([startSink], (sink) =>
    withPeers([() => startSendEmail({ ...sink, node })], async (ours) => {
      const sizes = [few, many].map((count) => ({ name: `${count}`, count }));
      const of = await inTurns(sizes, runs, async ({ count }) => {
        // Each topic comes twice: all batches wait until the second half fills them.
        const load = { count, bytes: 80, topics: count / BATCH, limitMs: 120_000 };
        const { ms } = await send(ours, sink, load, { expected: count / BATCH });
        return ms / count;
      });
      const each = (count) => of(`${count}`, (ms) => ms);
      return {
        comparisons: [
          {
            what: `time for a msg, ${many / BATCH} batches waiting`,
            unit: 'ms',
            ours: each(many),
            other: { name: `${few / BATCH} batches waiting`, values: each(few) },
            better: 'less',
            goal: { ratio: 0.7 },
          },
        ],
      };
    }),
  );
}

/** How near to what the machine can do at all: Postfix's smtp-source sends ready-made bytes and is written in C. */
import { performance } from 'node:perf_hooks';
import { startProgram } from '../child.mjs';
import { inTurns, perSecond, send, withPeers } from '../rounds.mjs';
import { startSendEmail } from '../peers.mjs';
import { findProgram, startSink } from '../sink.mjs';
import load from '../load.cjs';

export const title = '3,000 mails of 2 KB over 2 connections against smtp-source';

export async function run({ runs, scale }) {
  const program = findProgram('smtp-source');
  if (!program) return { skipped: 'smtp-source (part of Postfix) is not installed' };
  const mails = { count: scale(3_000), bytes: 2_048 };
  return withPeers([startSink], (sink) =>
    withPeers([() => startSendEmail(sink)], async (ours) => {
      const source = { name: 'smtp-source' };
      const measure = (peer) => (peer === source ? sendFrom(program, sink, mails) : send(peer, sink, mails));
      await send(ours, sink, { ...mails, count: 300 });
      const of = await inTurns([ours, source], runs, measure);
      return {
        comparisons: [
          {
            what: 'accepted',
            unit: 'mails/s',
            ours: of(ours.name, perSecond),
            other: { name: source.name, values: of(source.name, perSecond) },
            better: 'more',
            goal: { ratio: 0.5 },
          },
        ],
      };
    }),
  );
}

async function sendFrom(program, sink, { count, bytes }) {
  const args = ['-d', '-s', '2', '-m', String(count), '-l', String(bytes), '-f', load.FROM, '-t', load.TO];
  const start = performance.now();
  const { ended, said } = startProgram(program, [...args, `127.0.0.1:${sink.port}`], () => undefined);
  const code = await ended;
  if (code !== 0) throw new Error(`smtp-source ended with ${code}\n${said()}`);
  return { sent: count, ms: performance.now() - start };
}

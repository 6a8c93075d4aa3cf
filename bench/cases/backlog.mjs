/** Mails with large attachments that wait for a mail server that is down. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { temporaryFolder } from '../child.mjs';
import { withPeers } from '../rounds.mjs';
import { startSendEmail } from '../peers.mjs';
import { freePort } from '../sink.mjs';
import load from '../load.cjs';

export const title = '1,000 mails with a file of 5 MB each wait for a dead server, outbox on disk';

const FILE_BYTES = 5_000_000;
const LIMIT_MS = 300_000;

export async function run({ scale }) {
  const count = scale(1_000);
  const files = temporaryFolder();
  const file = path.join(files.folder, 'video.bin');
  writeFileSync(file, Buffer.alloc(FILE_BYTES, 'a picture of the hall '));
  const node = { attach: true, attachFolder: files.folder };
  const dead = { port: await freePort(), connector: { outbox: 'disk' }, node };
  try {
    return await withPeers([() => startSendEmail(dead)], async (ours) => {
      const empty = await settled(ours);
      const msgs = Array.from({ length: count }, (_, i) => ({
        from: load.FROM,
        topic: `Video ${i + 1}`,
        payload: file,
      }));
      await ours.ask('feed', { msgs, gapMs: 10 });
      await untilWaiting(ours, count);
      const full = await settled(ours);
      const megabytes = ({ rss }) => rss / 1_000_000;
      return {
        comparisons: [
          {
            what: 'memory beyond that of an empty outbox',
            unit: 'MB',
            ours: [megabytes(full) - megabytes(empty)],
            goal: { most: 100 },
          },
        ],
        notes: [
          `resident set of Node-RED: ${megabytes(empty).toFixed(0)} MB with an empty outbox, ` +
            `${megabytes(full).toFixed(0)} MB with ${count} mails of ${((FILE_BYTES * 4) / 3 / 1e6).toFixed(1)} MB in it`,
        ],
      };
    });
  } finally {
    files.remove();
  }
}

/** The memory when nothing changes any more: freed pages go back to the system a while after a collection. */
async function settled(peer) {
  let least = await peer.ask('memory');
  for (let look = 0; look < 5; look++) {
    await wait(500);
    const now = await peer.ask('memory');
    if (now.rss < least.rss) least = now;
  }
  return least;
}

async function untilWaiting(peer, count) {
  const end = performance.now() + LIMIT_MS;
  for (;;) {
    const response = await fetch(`${peer.url}/email-server-connector/connector`);
    const { counts } = await response.json();
    const held = counts.queued + counts.deferred + counts.sending;
    if (held >= count) return;
    if (performance.now() > end)
      throw new Error(`only ${held} of ${count} mails wait: ${JSON.stringify(counts)}`);
    await wait(100);
  }
}

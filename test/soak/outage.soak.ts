import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryOutage } from '../outbox/outage-trial';

/** Mails of the backlog; SOAK_MAILS changes the number. */
const MAILS = Number(process.env['SOAK_MAILS'] ?? 10_000);

/** Only for the pauses between probes: 15 s take 150 ms. */
const FACTOR = 100;

describe(`an outage of the mail server with ${MAILS} mails waiting`, () => {
  for (const kind of ['memory', 'disk'] as const) {
    it(`loses none that wait in ${kind}, repeats none, and keeps their order`, async function () {
      this.timeout(600_000);
      const folder = mkdtempSync(join(tmpdir(), 'outage-'));
      try {
        const verdict = await tryOutage(MAILS, kind === 'disk' ? folder : undefined, FACTOR);
        const { accepted, queuedIn, drainedIn, rss } = verdict;
        const perSecond = (ms: number) => Math.round((MAILS / ms) * 1000);
        console.log(
          `      ${kind}: ${accepted.toLocaleString('en')} of ${MAILS.toLocaleString('en')} mails accepted, each once and in order; ` +
            `queued at ${perSecond(queuedIn)} mails/s, drained at ${perSecond(drainedIn)} mails/s, ` +
            `${Math.round(rss / 1_048_576)} MB resident with the backlog`,
        );
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
});

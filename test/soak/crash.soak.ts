import assert from 'node:assert/strict';
import { runTrial } from '../flows/crash-trial';

/** Trials with each signal; SOAK_ROUNDS changes the number. */
const ROUNDS = Number(process.env['SOAK_ROUNDS'] ?? 30);
const MSGS = 2_000;

describe('a stream of 2,000 msgs', () => {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    it(`cut by ${signal} at ${ROUNDS} random moments loses nothing`, async function () {
      this.timeout(ROUNDS * 120_000);
      let taken = 0;
      let missing = 0;
      let duplicates = 0;
      for (let round = 1; round <= ROUNDS; round++) {
        const moment = 0.05 + Math.random() * 0.85;
        const verdict = await runTrial({ msgs: MSGS, signal, moment });
        taken += verdict.taken;
        missing += verdict.missing.length;
        const repeated = new Set(verdict.duplicates.flatMap(({ messageIds }) => messageIds));
        duplicates += repeated.size;
        console.log(
          `      ${signal} ${round}: ended at ${Math.round(moment * 100)} %, taken ${verdict.taken}, missing ${verdict.missing.length}, mails sent twice ${repeated.size}`,
        );
        assert.deepEqual(verdict.missing, []);
        for (const { messageIds } of verdict.duplicates) assert.equal(new Set(messageIds).size, 1);
        if (signal === 'SIGTERM') assert.equal(repeated.size, 0);
      }
      console.log(
        `      ${signal}: ${ROUNDS} rounds, ${taken.toLocaleString('en')} msgs taken, ${missing} missing, ${duplicates} mails sent twice`,
      );
    });
  }
});

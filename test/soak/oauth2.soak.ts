import assert from 'node:assert/strict';
import { runRotationTrial } from '../flows/oauth2-crash-trial';

/** SOAK_ROUNDS changes the number. */
const ROUNDS = Number(process.env['SOAK_ROUNDS'] ?? 30);

describe('a refresh token that is exchanged at each login', () => {
  it(`works after kill -9 at ${ROUNDS} random moments`, async function () {
    this.timeout(ROUNDS * 120_000);
    let exchanges = 0;
    for (let round = 1; round <= ROUNDS; round++) {
      const moment = 0.05 + Math.random() * 0.85;
      const verdict = await runRotationTrial(400, moment);
      exchanges += verdict.exchanges;
      console.log(
        `      ${round}: ended at ${Math.round(moment * 100)} %, taken ${verdict.taken}, missing ${verdict.missing.length}, exchanges ${verdict.exchanges}, refused ${verdict.refused}`,
      );
      assert.deepEqual(verdict.missing, []);
      assert.equal(verdict.refused, 0);
    }
    console.log(`      ${ROUNDS} rounds, ${exchanges} exchanges, none refused`);
  });
});

import assert from 'node:assert/strict';
import { runRotationTrial } from './oauth2-crash-trial';

describe('a Node-RED that is killed while its refresh token is exchanged', () => {
  for (const moment of [0.2, 0.5, 0.8]) {
    it(`after ${moment * 100} % of the mails goes on with one that works`, async function () {
      this.timeout(60_000);
      const { taken, missing, exchanges, refused } = await runRotationTrial(200, moment);
      assert.ok(taken > 0);
      assert.deepEqual(missing, []);
      assert.equal(refused, 0);
      assert.ok(exchanges >= 20, `${exchanges} exchanges`);
    });
  }
});

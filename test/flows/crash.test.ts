import assert from 'node:assert/strict';
import { runTrial, type Verdict } from './crash-trial';

/** Mails that can be between the final dot and the durable record of the reply: one on each of two connections, and their predecessors. */
const IN_DOUBT = 4;

function assertNothingLost({ taken, missing, duplicates }: Verdict): void {
  assert.ok(taken > 0, 'the process ended before the nodes had taken anything');
  assert.deepEqual(missing, []);
  for (const { msg, messageIds } of duplicates) {
    assert.equal(new Set(messageIds).size, 1, `${msg} left in two different mails: ${messageIds.join(' ')}`);
  }
}

describe('a Node-RED that ends in the middle of a stream of msgs', () => {
  it('by kill -9 loses none that it had taken, and repeats at most those that were just being answered', async function () {
    this.timeout(60_000);
    const verdict = await runTrial({ msgs: 300, signal: 'SIGKILL', moment: 0.5 });
    assertNothingLost(verdict);
    const mails = new Set(verdict.duplicates.map(({ messageIds }) => messageIds[0]));
    assert.ok(mails.size <= IN_DOUBT, `${mails.size} mails came twice`);
  });

  it('by SIGTERM loses none and repeats none', async function () {
    this.timeout(60_000);
    const verdict = await runTrial({ msgs: 300, signal: 'SIGTERM', moment: 0.5 });
    assertNothingLost(verdict);
    assert.deepEqual(verdict.duplicates, []);
  });
});

/** The rate limit as the mail server sees it: over all connections, failures, reconnects and restarts. */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PERIOD } from '../../nodes/outbox/rate-limit';
import { closedAfterEach } from '../servers/closing';
import { fin, reply, replyAndFin, rst, slow, type Fault, type Script } from '../servers/fault-script';
import { startFaultServer, type FaultServer } from '../servers/fault-server';
import { fastClock } from './clocks';
import { newMail } from '../builders';
import { openLine, type Line } from './delivery-fixture';
import { useFolder } from '../store/disk/disk-fixture';

/** A minute of the outbox takes one second, and the pause after a failed connection a quarter of one. */
const FACTOR = 60;
const LIMIT = 20;
const WINDOW_MS = PERIOD.minute / FACTOR;
/** The server writes times down in whole ms. */
const ROUNDING_MS = 1;

/** Most items of ascending times within any window. */
function mostInAnyWindow(times: number[]): number {
  let most = 0;
  for (let first = 0, last = 0; last < times.length; last++) {
    while ((times[last] as number) - (times[first] as number) >= WINDOW_MS - ROUNDING_MS) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

describe('a rate limit', () => {
  const opened = closedAfterEach();
  const folder = useFolder();
  const another = useFolder();

  /** Every few mails something else goes wrong. */
  function trouble(): Script {
    const faults: Partial<Record<number, [string, Fault]>> = {
      3: ['dot', slow(60)],
      7: ['rcpt', rst()],
      11: ['dot', reply('451 4.3.0 later')],
      16: ['dot', fin()],
      19: ['mail', replyAndFin('421 4.7.0 slow down')],
      23: ['dot', slow(120)],
      27: ['data', reply('451 4.3.0 later')],
    };
    let mails = 0;
    return ({ phase }) => {
      if (phase === 'mail') mails += 1;
      const [where, fault] = faults[mails % 31] ?? [];
      return where === phase ? fault : undefined;
    };
  }

  it('is never exceeded in any window, with ten connections, failures, reconnects, a restart and a crash in between', async function () {
    this.timeout(30_000);
    const clock = fastClock(FACTOR);
    const policy = { connections: 10, rate: { limit: LIMIT, period: 'minute' as const } };
    let server: FaultServer = await opened(startFaultServer({ script: trouble() }));
    const { port } = server;
    const attempts: number[] = [];
    const accepted = new Set<string>();
    const open = async (at: string): Promise<Line> => {
      const line = await opened(openLine({ server, folder: at, clock, policy }));
      line.start();
      return line;
    };
    const takeBooks = () => {
      attempts.push(...server.commands.items.filter(({ phase }) => phase === 'mail').map(({ at }) => at));
      for (const { messageId } of server.ledger.items) accepted.add(messageId);
    };

    const first = await open(folder());
    await Promise.all(Array.from({ length: 100 }, () => first.outbox.add(newMail())));
    await server.ledger.waitFor(25);
    await first.close();

    const second = await open(folder());
    await server.ledger.waitFor(50);
    // A crash: the server gets nothing more, and the next process finds the disk as it is at this moment.
    takeBooks();
    await server.close();
    const left = another();
    cpSync(folder(), left, { recursive: true });
    for (const name of readdirSync(left)) if (name.startsWith('lock-')) rmSync(join(left, name));
    await second.outbox.stop();
    server = await opened(startFaultServer({ port, script: trouble() }));

    const third = await open(left);
    await third.results.waitFor(third.left.mails, 20_000);
    takeBooks();
    attempts.sort((a, b) => a - b);
    assert.equal(accepted.size, 100);
    assert.ok(attempts.length > 100, 'nothing went wrong');
    const most = mostInAnyWindow(attempts);
    assert.ok(most <= LIMIT, `${most} attempts in one window`);
    // It is used, too: a limit that lets nothing through would pass otherwise.
    assert.ok(most > LIMIT / 2, `only ${most} attempts in the fullest window`);
  });
});

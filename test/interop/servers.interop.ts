import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { NodeRed } from '../flows/node-red';
import { ROOT } from '../flows/user-dir';
import { startInbox, type Inbox } from '../servers/inbox';
import { startDovecot } from './dovecot';
import { startExim } from './exim';
import { startHaraka, startMaildev } from './npm-servers';
import { startOpenSmtpd } from './opensmtpd';
import { startPacked } from './packed-node-red';
import { startPostfix } from './postfix';
import { SCENARIOS } from './scenarios';
import { Unavailable, type InteropServer, type Start } from './server';
import { tableOf, type Row } from './table';

const SERVERS: Record<string, Start> = {
  Postfix: startPostfix,
  Exim: startExim,
  OpenSMTPD: startOpenSmtpd,
  Dovecot: startDovecot,
  Haraka: startHaraka,
  maildev: startMaildev,
};

describe('mail servers that others wrote', function () {
  this.timeout(180_000);
  let red: NodeRed;
  let close: () => Promise<void>;
  const rows: Row[] = [];

  before(async () => {
    ({ red, close } = await startPacked());
  });
  after(async () => {
    await close();
    // A run of a part, or one that could not start all, leaves the table as it was.
    const whole = rows.length === Object.keys(SERVERS).length;
    if (whole) writeFileSync(path.join(ROOT, 'docs', 'interop.md'), tableOf(rows, SCENARIOS));
  });

  for (const [name, start] of Object.entries(SERVERS)) {
    describe(name, () => {
      let folder: string;
      let sink: Inbox;
      let server: InteropServer | undefined;
      const results = new Map<string, string>();

      before(async function () {
        folder = mkdtempSync(path.join(tmpdir(), 'interop-server-'));
        sink = await startInbox();
        try {
          server = await start(folder, sink.port);
        } catch (error) {
          if (!(error instanceof Unavailable)) throw error;
          console.log(`      ${name} is skipped: ${error.message}`);
          this.skip();
        }
        rows.push({ name: server.name, results });
      });
      after(async () => {
        await server?.stop();
        await sink?.close();
        if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      });

      for (const { feature, title, run } of SCENARIOS) {
        it(title, async function () {
          const port = server?.ports[feature];
          if (!server || port === undefined) {
            results.set(title, '–');
            this.skip();
          }
          results.set(title, 'no');
          try {
            await run({ red, server, sink, port });
          } catch (error) {
            console.log(server.output().slice(-1_500));
            throw error;
          }
          results.set(title, 'yes');
        });
      }
    });
  }
});

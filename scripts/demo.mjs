// Shows the package at work on this machine: a Node-RED with the examples loaded, and a local inbox for their mails.
// `--once` triggers the digest example, prints the mail that comes of it and ends.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DIGEST, writeUserDir } from './demo-flows.mjs';
import { startInbox } from './demo-inbox.mjs';
import { startNodeRed } from './demo-node-red.mjs';
import { choosePort, freePort, readOptions } from './demo-options.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MAIL_WITHIN_SECONDS = 60;

/** What to stop at the end, last started first. */
const running = [];
let ending;

function end(code) {
  ending ??= (async () => {
    for (const stop of running.reverse()) {
      try {
        await stop();
      } catch (error) {
        console.error(error.message);
      }
    }
    process.exit(code);
  })();
  return ending;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void end(0));

try {
  await demo(readOptions(process.argv.slice(2)));
} catch (error) {
  if (!ending) console.error(`demo: ${error.message}`);
  await end(1);
}

async function demo(options) {
  // All three first: better no demo than half of one.
  const smtpPort = await choosePort(options, 'smtp-port');
  const inboxPort = await choosePort(options, 'inbox-port');
  const port = await choosePort(options, 'port');
  build();
  const userDir = userDirFor(options.once);
  const inbox = await startInbox(smtpPort, inboxPort, userDir);
  running.push(inbox.stop);
  const keptFlows = writeUserDir(ROOT, userDir);
  const nodeRed = startNodeRed({ userDir, port: port || (await freePort()), smtpPort: inbox.smtpPort });
  running.push(nodeRed.stop);
  await nodeRed.ready;

  console.log(`Node-RED  ${nodeRed.url}`);
  console.log(`Inbox     ${inbox.url}  (SMTP at 127.0.0.1:${inbox.smtpPort})`);
  if (options.once) return once(inbox, nodeRed);

  if (keptFlows)
    console.log('The flows are as you deployed them last; npm run clean brings the examples back.');
  console.log('Press an inject button in Node-RED. Ctrl-C ends.\n');
  inbox.onMail((mail) => console.log(inbox.describe(mail)));
  const code = await nodeRed.exited;
  if (!ending) throw new Error(`Node-RED ended by itself with code ${code}`);
}

async function once(inbox, nodeRed) {
  const arrived = new Promise((resolve) => inbox.onMail(resolve));
  await nodeRed.inject(DIGEST.inject);
  console.log('Triggered the digest example: a burst of events that become one mail.\n');
  const clock = wait(MAIL_WITHIN_SECONDS * 1000, undefined, { ref: false });
  const mail = await Promise.race([arrived, clock, nodeRed.exited.then(() => undefined)]);
  if (!mail) {
    throw new Error(
      `no mail came within ${MAIL_WITHIN_SECONDS} s: ${await nodeRed.explain(DIGEST.connector)}`,
    );
  }
  console.log(await inbox.headers(mail));
  console.log(`\n${mail.text ?? '(no text part)'}\n`);
  const names = mail.attachments.map((attachment) => attachment.filename);
  console.log(`Attachments: ${names.join(', ') || 'none'}`);
  await end(0);
}

function build() {
  const script = path.join(ROOT, 'scripts', 'build.mjs');
  const { status } = spawnSync(process.execPath, [script, '--if-stale'], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the build failed, see above');
}

/** A single run gets a folder of its own, so that it works beside a demo that is up. */
function userDirFor(once) {
  const demo = path.join(ROOT, '.demo');
  mkdirSync(demo, { recursive: true });
  if (!once) return demo;
  const folder = mkdtempSync(path.join(demo, 'once-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

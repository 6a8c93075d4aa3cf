/** The mail server of a run, in a process of its own: Postfix's smtp-sink where it can do what is asked for, else ours. */
import { accessSync, constants } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { BENCH, ROOT, startChild, startProgram } from './child.mjs';

export const CERTIFICATES = path.join(ROOT, 'test', 'servers', 'certs');

/** Connections that smtp-sink takes at once; one peer opens thousands. */
const MOST_SESSIONS = 8_000;

/** Finds a program of Postfix; null when it is not installed. */
export function findProgram(name) {
  for (const folder of [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin']) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/**
 * Starts a mail server on loopback. `security` is `none` or `implicit`, `login` asks for one, `most` is the number of
 * connections above which it answers 421; only the bundled server knows these.
 */
export async function startSink({ security = 'none', login = false, most = 0 } = {}) {
  const program = security === 'none' && !login && !most ? findProgram('smtp-sink') : null;
  return program ? startPostfix(program) : startBundled({ security, login, most });
}

async function startBundled(options) {
  const child = await startChild(path.join(BENCH, 'sink-server.mjs'), [
    JSON.stringify({ ...options, certificates: CERTIFICATES }),
  ]);
  return {
    kind: 'bundled',
    port: await child.ask('port'),
    mails: async () => (await child.ask('stats')).mails,
    stats: () => child.ask('stats'),
    reset: () => child.ask('reset'),
    stop: child.stop,
  };
}

async function startPostfix(program) {
  const port = await freePort();
  let total = 0;
  let before = 0;
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const args = ['-c', ...asUser, '-m', String(MOST_SESSIONS), `127.0.0.1:${port}`, '4096'];
  const { ended, said, stop } = startProgram(program, args, (text) => {
    const counts = [...text.matchAll(/mesg=(\d+)/g)].at(-1);
    if (counts) total = Number(counts[1]);
  });
  const failed = ended.then((code) => Promise.reject(new Error(`smtp-sink ended with ${code}\n${said()}`)));
  // It is stopped in the end, which is no failure.
  failed.catch(() => undefined);
  await Promise.race([failed, answers(port)]);
  return {
    kind: 'smtp-sink',
    port,
    async mails() {
      // The counters come over a pipe, after the reply that the client has already.
      await wait(50);
      return total - before;
    },
    stats: async () => null,
    async reset() {
      before = total;
    },
    stop,
  };
}

/** A TCP port that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function answers(port) {
  for (;;) {
    const open = await new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1');
      socket.once('data', () => resolve(true)).once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
    }).catch(() => false);
    if (open) return;
    await wait(20);
  }
}

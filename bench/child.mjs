/** The processes and folders of a run: whatever way the run ends, none of them stays. */
import { fork, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const BENCH = fileURLToPath(new URL('.', import.meta.url));
export const ROOT = path.join(BENCH, '..');

/** A child that still runs so long after it was told to end hangs. */
const STOP_MS = 5_000;

const children = new Set();
const folders = new Set();

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** A folder that is gone when the benchmark ends, or when it is removed before. */
export function temporaryFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'send-email-bench-'));
  folders.add(folder);
  return {
    folder,
    remove() {
      rmSync(folder, { recursive: true, force: true });
      folders.delete(folder);
    },
  };
}

/** Starts a Node.js script that serves requests over its channel; resolves when it is ready. */
export async function startChild(script, args, options = {}) {
  const child = fork(script, args, { execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'], ...options });
  const { said, stop } = watched(child);
  const asked = new Map();
  let requests = 0;

  await new Promise((resolve, reject) => {
    child.on('message', ({ ready, id, result, error }) => {
      if (ready) return resolve();
      const waiter = asked.get(id);
      asked.delete(id);
      if (error === undefined) waiter?.resolve(result);
      else waiter?.reject(new Error(error));
    });
    child.once('exit', (code, signal) => {
      const error = new Error(`${path.basename(script)} ended with ${code ?? signal}\n${said()}`);
      reject(error);
      for (const waiter of asked.values()) waiter.reject(error);
    });
  });
  return {
    pid: child.pid,
    said,
    ask: (kind, request = {}) =>
      new Promise((resolve, reject) => {
        requests += 1;
        asked.set(requests, { resolve, reject });
        child.send({ id: requests, kind, ...request });
      }),
    stop,
  };
}

/** Starts a program; `lines` gets what it writes. */
export function startProgram(command, args, lines) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.setEncoding('utf8').on('data', lines);
  const { said, stop } = watched(child);
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code));
  });
  return { said, ended, stop };
}

function watched(child) {
  children.add(child);
  const gone = new Promise((resolve) => {
    for (const event of ['exit', 'error']) {
      child.once(event, () => {
        children.delete(child);
        resolve();
      });
    }
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      text = (text + chunk).slice(-4_000);
    });
  }
  return {
    said: () => text,
    async stop() {
      // Nothing has to be kept, so nothing is closed in order: a child ends itself, and can still write its profile.
      if (child.connected) child.disconnect();
      else child.kill('SIGKILL');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await gone;
      clearTimeout(late);
    },
  };
}

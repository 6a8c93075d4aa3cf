// The demo's Node-RED: a process of its own, so that it starts and stops as an installed one does.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as wait } from 'node:timers/promises';

const READY_WITHIN_MS = 60_000;
/** Node-RED gives its nodes 15 s to close. */
const STOP_WITHIN_MS = 20_000;
const POLL_MS = 200;

/** Starts Node-RED on a user directory; `ready` rejects when it ends before it answers. */
export function startNodeRed({ userDir, port, smtpPort }) {
  const script = createRequire(import.meta.url).resolve('node-red/red.js');
  const child = spawn(process.execPath, [script, '--userDir', userDir, '--port', String(port)], {
    env: { ...process.env, DEMO_SMTP_PORT: String(smtpPort) },
    stdio: ['ignore', 'inherit', 'inherit'],
    // Out of the terminal's process group: Ctrl-C reaches the demo, which stops it once and in order.
    detached: process.platform !== 'win32',
  });
  const exited = once(child, 'exit').then(([code, signal]) => code ?? signal);
  process.on('exit', () => child.kill());
  const url = `http://127.0.0.1:${port}`;

  /** Asks until the answer is a success; throws when Node-RED ends or the time is over. */
  async function until(route, init) {
    const deadline = Date.now() + READY_WITHIN_MS;
    let last = 'no answer';
    while (Date.now() < deadline) {
      if (child.exitCode !== null) throw new Error(`Node-RED ended with code ${child.exitCode}, see above`);
      try {
        const response = await fetch(`${url}${route}`, init);
        if (response.ok) return response;
        last = `${response.status} ${await response.text()}`;
      } catch (error) {
        last = error.cause?.message ?? error.message;
      }
      await wait(POLL_MS);
    }
    throw new Error(`Node-RED did not answer ${route} within ${READY_WITHIN_MS / 1000} s: ${last}`);
  }

  return {
    url,
    exited,
    /** Resolves when the editor answers. */
    ready: until('/flows').then(() => undefined),
    /** Presses the button of an inject node, as soon as it is there. */
    inject: (id) => until(`/inject/${id}`, { method: 'POST' }),
    /** What a connector says of itself, as one line. */
    async explain(connector) {
      if (child.exitCode !== null) return `Node-RED ended with code ${child.exitCode}, see above`;
      try {
        const response = await fetch(`${url}/email-server-connector/${connector}`);
        return `the connector answers ${response.status} ${await response.text()}`;
      } catch (error) {
        return `Node-RED does not answer (${error.cause?.message ?? error.message})`;
      }
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const late = wait(STOP_WITHIN_MS, 'late', { ref: false });
      if ((await Promise.race([exited, late])) === 'late') child.kill('SIGKILL');
      await exited;
    },
  };
}

// The command line of the demo, and the ports it listens on.
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';

const DEFAULT_PORTS = { port: 1880, 'inbox-port': 1080, 'smtp-port': 1025 };

/** Reads the command line; throws on an unknown option or a port that is none. */
export function readOptions(args) {
  const text = { type: 'string' };
  const { values } = parseArgs({
    args,
    options: { once: { type: 'boolean', default: false }, port: text, 'inbox-port': text, 'smtp-port': text },
  });
  for (const name of Object.keys(DEFAULT_PORTS)) {
    const value = values[name];
    if (value !== undefined && !(/^\d+$/.test(value) && Number(value) <= 65535)) {
      throw new Error(`--${name} ${value} is not a port: give a number from 0 (any free port) to 65535`);
    }
  }
  return values;
}

/**
 * The port to listen on: the one given with `--<name>`, else the default, or any free one (0) for a single run.
 * Throws when it is taken.
 */
export async function choosePort(options, name) {
  const wanted = Number(options[name] ?? (options.once ? 0 : DEFAULT_PORTS[name]));
  try {
    await listenBriefly(wanted);
    return wanted;
  } catch (error) {
    if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') throw error;
    const why = error.code === 'EACCES' ? 'may not be used by this user' : 'is taken';
    throw new Error(`port ${wanted} ${why}; choose another with --${name} <number>`, { cause: error });
  }
}

/** A port that is free now, for a server that cannot choose one itself. */
export function freePort() {
  return listenBriefly(0);
}

function listenBriefly(wanted) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

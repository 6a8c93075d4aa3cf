/**
 * Connects from a chosen local address and port.
 */
import { lookup } from 'node:dns';
import { connect, isIP } from 'node:net';
import type { SMTPPoolOptions } from 'nodemailer';
import { t } from '../language/text';

/** nodemailer's shape of a way to open a socket. */
export type GetSocket = NonNullable<SMTPPoolOptions['getSocket']>;

/**
 * Makes a nodemailer socket provider that connects from a local address, or a name of it, and from a local port.
 * Encryption is added by nodemailer. Fails as nodemailer's own connecting does: ESOCKET, ETIMEDOUT, command CONN.
 */
export function boundSocket(local: { localAddress: string; localPort: number | null }): GetSocket {
  return (options, callback) => {
    // A socket that is bound to one family cannot reach the other.
    const wanted = isIP(options.host ?? '');
    lookup(local.localAddress, { family: wanted }, (error, localAddress, family) => {
      if (error !== null) {
        callback(failure(error, 'ESOCKET'));
        return;
      }
      const socket = connect({
        host: options.host ?? '',
        port: Number(options.port),
        family,
        localAddress,
        ...(local.localPort === null ? {} : { localPort: local.localPort }),
      });
      const settle = (result: () => void) => {
        clearTimeout(timer);
        socket.removeAllListeners('error');
        socket.removeAllListeners('connect');
        result();
      };
      const timer = setTimeout(() => {
        settle(() => {
          socket.on('error', () => undefined);
          socket.destroy();
          callback(failure(new Error(t`Connection timeout`), 'ETIMEDOUT'));
        });
      }, options.connectionTimeout);
      socket.once('error', (reason) => settle(() => callback(failure(reason, 'ESOCKET'))));
      socket.once('connect', () => settle(() => callback(null, { connection: socket })));
    });
  };
}

function failure(error: Error & { code?: string }, code: string): Error {
  const originalCode = error.code === undefined ? {} : { originalCode: error.code };
  return Object.assign(error, originalCode, { code, command: 'CONN' });
}

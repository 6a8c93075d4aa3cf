/**
 * The way through a proxy: nodemailer's, which knows HTTP CONNECT and SOCKS. It hands an error on as it comes: with the code
 * of the system as if the mail server had refused, or, from a SOCKS proxy, with no code at all.
 */
import type * as Nodemailer from 'nodemailer';
import type * as Socks from 'socks';
import type { GetSocket } from './bound-socket';
import type { Proxy } from '../properties/read/proxy';

/**
 * Connects through the proxy within `connectionTimeout` ms. What fails there has the code EPROXY, the command CONN and its
 * own code beside.
 */
export function proxiedSocket(proxy: Proxy, connectionTimeout: number): GetSocket {
  // Only here: most connectors have no proxy, and Node-RED starts sooner without these.
  const { createTransport } = require('nodemailer') as typeof Nodemailer;
  const socks = require('socks') as typeof Socks;
  const mailer = createTransport({ proxy: proxyUrl(proxy), connectionTimeout });
  mailer.set('proxy_socks_module', socks);
  const throughProxy = mailer.getSocket as GetSocket;
  return (options, callback) =>
    throughProxy(options, (error, socket) => {
      if (error) callback(proxyFailure(error));
      else callback(null, socket);
    });
}

/** A proxy as nodemailer wants it told. */
export function proxyUrl({ kind, host, port, auth }: Proxy): string {
  const login = auth === null ? '' : `${encodeURIComponent(auth.user)}:${encodeURIComponent(auth.pass)}@`;
  return `${kind}://${login}${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** A new error, because that of a SOCKS proxy carries its options. */
function proxyFailure({ message, code }: Error & { code?: string }): Error {
  const originalCode = code === undefined || code === 'EPROXY' ? {} : { originalCode: code };
  return Object.assign(new Error(message), originalCode, { code: 'EPROXY', command: 'CONN' });
}

/**
 * Says of what fails at a proxy that it was the proxy. nodemailer hands such an error on as it comes: with the code of
 * the system as if the mail server had refused, or, from a SOCKS proxy, with no code at all.
 */
import type { Transporter } from 'nodemailer';

type GetSocket = Exclude<Transporter['getSocket'], false | undefined>;

/** Wraps nodemailer's way through a proxy: its errors have the code EPROXY, the command CONN and their own code beside. */
export function proxiedSocket(throughProxy: GetSocket): GetSocket {
  return (options, callback) =>
    throughProxy(options, (error, socket) => {
      if (error) callback(proxyFailure(error));
      else callback(null, socket);
    });
}

/** A new error, because that of a SOCKS proxy carries its options. */
function proxyFailure({ message, code }: Error & { code?: string }): Error {
  const originalCode = code === undefined || code === 'EPROXY' ? {} : { originalCode: code };
  return Object.assign(new Error(message), originalCode, { code: 'EPROXY', command: 'CONN' });
}

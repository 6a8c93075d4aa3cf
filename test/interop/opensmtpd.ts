/** OpenSMTPD, without TLS and so without logins: the TLS of Debian 12's package fails with the OpenSSL that it comes with. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../flows/user-dir';
import { startJailed, unpacked, versionOf } from './debian';
import { listening, type InteropServer } from './server';

export async function startOpenSmtpd(folder: string, sink: number): Promise<InteropServer> {
  const root = unpacked('opensmtpd', ['opensmtpd']);
  const plain = await freePort();
  mkdirSync(folder, { recursive: true });
  const place = (name: string) => path.join(folder, name);
  writeFileSync(
    place('smtpd.conf'),
    `table refused { "nobody@example.com" }
smtp max-message-size 200000
listen on 127.0.0.1 port ${plain} hostname mx.opensmtpd.test
action sink relay host smtp://127.0.0.1:${sink}
match from any for rcpt-to <refused> reject
match from any for any action sink
`,
  );
  const jail = startJailed(
    folder,
    root,
    [path.join(root, 'usr/sbin/smtpd'), '-d', '-f', place('smtpd.conf')],
    {
      '/usr/libexec/opensmtpd': path.join(root, 'usr/libexec/opensmtpd'),
    },
  );
  await listening(plain, () => jail.output());
  return {
    name: `OpenSMTPD ${versionOf('opensmtpd', 'opensmtpd')}`,
    ports: {
      plain,
      'refused recipient': plain,
      'size limit': plain,
    },
    stop: () => jail.stop(),
    output: () => jail.output(),
  };
}

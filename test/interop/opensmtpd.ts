/** OpenSMTPD. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../flows/user-dir';
import { startJailed, unpacked, versionOf } from './debian';
import { ACCOUNT, CERTIFICATE, listening, type InteropServer } from './server';

export async function startOpenSmtpd(folder: string, sink: number): Promise<InteropServer> {
  const root = unpacked('opensmtpd', ['opensmtpd']);
  const [plain, tls, implicit, login] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  mkdirSync(folder, { recursive: true });
  const place = (name: string) => path.join(folder, name);
  copyFileSync(CERTIFICATE.cert, place('cert.pem'));
  // It refuses a key that others can read.
  execFileSync('install', ['-m', '600', CERTIFICATE.key, place('key.pem')]);
  const hash = execFileSync('openssl', ['passwd', '-6', ACCOUNT.password], { encoding: 'utf8' }).trim();
  writeFileSync(place('users'), `${ACCOUNT.user} ${hash}\n`, { mode: 0o644 });
  writeFileSync(
    place('smtpd.conf'),
    `pki test cert "${place('cert.pem')}"
pki test key "${place('key.pem')}"
table users file:${place('users')}
table refused { "nobody@example.com" }
smtp max-message-size 200000
listen on 127.0.0.1 port ${plain} hostname mx.opensmtpd.test
listen on 127.0.0.1 port ${tls} tls-require pki test hostname mx.opensmtpd.test
listen on 127.0.0.1 port ${implicit} smtps pki test hostname mx.opensmtpd.test
listen on 127.0.0.1 port ${login} tls-require pki test auth <users> hostname mx.opensmtpd.test
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
      starttls: tls,
      implicit,
      'login PLAIN': login,
      'login LOGIN': login,
      'refused recipient': plain,
      'size limit': plain,
    },
    stop: () => jail.stop(),
    output: () => jail.output(),
  };
}

/** The submission service of Dovecot, with OAuth2 beside passwords. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { freePort } from '../flows/user-dir';
import { startJailed, unpacked, versionOf } from './debian';
import { ACCOUNT, CERTIFICATE, listening, TOKEN, type InteropServer } from './server';

/** With `authSocket` it answers there whether a login is right, for Postfix. */
export async function startDovecot(
  folder: string,
  sink: number,
  authSocket?: string,
): Promise<InteropServer> {
  const root = unpacked('dovecot', ['dovecot-core', 'dovecot-submissiond']);
  const [plain, implicit] = [await freePort(), await freePort()];
  const place = (name: string) => path.join(folder, name);
  for (const name of ['run', 'state', 'home', 'etc'])
    mkdirSync(place(name), { recursive: true, mode: 0o777 });
  // What a provider says of an access token (RFC 7662).
  const provider = createServer((request, response) => {
    const token = new URL(request.url ?? '', 'http://provider').searchParams.get('token');
    const known = token === TOKEN;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ active: known, ...(known ? { username: ACCOUNT.user } : {}) }));
  });
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  const { port } = provider.address() as AddressInfo;
  writeFileSync(place('users'), `${ACCOUNT.user}:{PLAIN}${ACCOUNT.password}\n`, { mode: 0o644 });
  writeFileSync(
    place('oauth2.conf'),
    `introspection_mode = get\nintrospection_url = http://127.0.0.1:${port}/introspect?token=\nusername_attribute = username\nactive_attribute = active\nactive_value = true\n`,
    { mode: 0o644 },
  );
  writeFileSync(
    place('etc/dovecot.conf'),
    `protocols = submission
listen = 127.0.0.1
base_dir = ${place('run')}
state_dir = ${place('state')}
libexec_dir = ${root}/usr/lib/dovecot
mail_plugin_dir = ${root}/usr/lib/dovecot/modules
login_plugin_dir = ${root}/usr/lib/dovecot/modules/login
log_path = /dev/stderr
import_environment = TZ LD_LIBRARY_PATH
hostname = mx.dovecot.test
ssl = yes
ssl_cert = <${CERTIFICATE.cert}
ssl_key = <${CERTIFICATE.key}
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 xoauth2 oauthbearer
mail_location = maildir:${place('home')}
submission_relay_host = 127.0.0.1
submission_relay_port = ${sink}
submission_max_mail_size = 200000
mail_max_userip_connections = 10
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${place('oauth2.conf')}
}
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u ${place('users')}
}
userdb {
  driver = static
  args = uid=64105 gid=64105 home=${place('home')}
}
first_valid_uid = 1
service submission-login {
  chroot =
  inet_listener submission {
    port = ${plain}
  }
  inet_listener submissions {
    port = ${implicit}
    ssl = yes
  }
}
service anvil {
  chroot =
}
${authSocket === undefined ? '' : `service auth {\n  unix_listener ${authSocket} {\n    mode = 0666\n  }\n}`}
service stats {
  chroot =
}
`,
    { mode: 0o644 },
  );
  // What dovecot does first, from where it is unpacked.
  const read = [path.join(root, 'usr/bin/doveconf'), '-f', 'service=master', '-m', 'master'];
  const jail = startJailed(folder, root, [...read, '-e', path.join(root, 'usr/sbin/dovecot'), '-F'], {
    '/usr/lib/dovecot': path.join(root, 'usr/lib/dovecot'),
    '/etc/dovecot': place('etc'),
  });
  await listening(plain, () => jail.output());
  return {
    name: `Dovecot submission ${versionOf('dovecot', 'dovecot-core')}`,
    ports: {
      'login PLAIN': plain,
      'login LOGIN': plain,
      'login CRAM-MD5': plain,
      'login XOAUTH2': plain,
      implicit,
      'size limit': plain,
    },
    async stop() {
      await jail.stop();
      provider.close();
      provider.closeAllConnections();
    },
    output: () => jail.output(),
  };
}

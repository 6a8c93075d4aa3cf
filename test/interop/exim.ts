/** Exim. */
import { chownSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../flows/user-dir';
import { libraries, startJailed, unpacked, versionOf } from './debian';
import { ACCOUNT, CERTIFICATE, listening, type InteropServer } from './server';

export async function startExim(folder: string, sink: number): Promise<InteropServer> {
  const root = unpacked('exim', ['exim4-daemon-light', 'exim4-base']);
  const [plain, implicit] = [await freePort(), await freePort()];
  const spool = path.join(folder, 'spool');
  mkdirSync(spool, { recursive: true });
  // The third user that the jail makes.
  chownSync(spool, 64_102, 64_102);
  const config = path.join(folder, 'exim.conf');
  writeFileSync(
    config,
    `primary_hostname = mx.exim.test
spool_directory = ${spool}
log_file_path = ${spool}/%slog
exim_path = ${root}/usr/sbin/exim4
keep_environment = LD_LIBRARY_PATH
add_environment = LD_LIBRARY_PATH=${libraries(root)}
exim_user = Debian-exim
exim_group = Debian-exim
daemon_smtp_ports = ${plain} : ${implicit}
tls_on_connect_ports = ${implicit}
local_interfaces = 127.0.0.1
tls_advertise_hosts = *
tls_certificate = ${CERTIFICATE.cert}
tls_privatekey = ${folder}/key.pem
acl_smtp_rcpt = rcpt
acl_smtp_data = data
message_size_limit = 200000
smtp_accept_max = 200
smtp_accept_queue_per_connection = 1000
smtp_accept_max_per_connection = 10000
queue_only_load = 1000
split_spool_directory = false
recipients_max = 50
recipients_max_reject = true
auth_advertise_hosts = *
never_users = root

begin acl
rcpt:
  deny recipients = nobody@example.com
       message = no such user here
  defer recipients = grey@example.com
       condition = \${if exists{${spool}/seen}{0}{\${run{/usr/bin/touch ${spool}/seen}{1}{1}}}}
       message = greylisted, try again later
  accept
data:
  deny condition = \${if match{$h_subject:}{forbidden}}
       message = no such subject
  accept

begin routers
sink:
  driver = manualroute
  transport = smtp
  route_list = * 127.0.0.1
  self = send

begin transports
smtp:
  driver = smtp
  port = ${sink}
  allow_localhost = true
  hosts_avoid_tls = *

begin retry
* * F,1h,1m

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{$auth2}{${ACCOUNT.user}}}{eq{$auth3}{${ACCOUNT.password}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = \${if and{{eq{$auth1}{${ACCOUNT.user}}}{eq{$auth2}{${ACCOUNT.password}}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = \${if eq{$auth1}{${ACCOUNT.user}}{${ACCOUNT.password}}fail}
  server_set_id = $auth1
`,
  );
  copyKey(folder, 64_102);
  const jail = startJailed(folder, root, [path.join(root, 'usr/sbin/exim4'), '-C', config, '-bdf', '-q2s']);
  await listening(plain, () => jail.output());
  return {
    name: `Exim ${versionOf('exim', 'exim4-daemon-light')}`,
    ports: {
      plain,
      starttls: plain,
      implicit,
      'login PLAIN': plain,
      'login LOGIN': plain,
      'login CRAM-MD5': plain,
      'refused recipient': plain,
      greylisting: plain,
      'size limit': plain,
      'header check': plain,
    },
    stop: () => jail.stop(),
    output: () => jail.output(),
  };
}

/** The key of the tests is for whoever runs them; a server reads it as another user. */
function copyKey(folder: string, user: number): void {
  const key = path.join(folder, 'key.pem');
  copyFileSync(CERTIFICATE.key, key);
  chownSync(key, user, user);
}

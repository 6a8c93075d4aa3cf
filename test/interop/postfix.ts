/** Postfix, whose logins Dovecot answers for. */
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import { freePort } from '../flows/user-dir';
import { libraries, startJailed, unpacked, versionOf, type Jailed } from './debian';
import { startDovecot } from './dovecot';
import { CERTIFICATE, listening, type Feature, type InteropServer } from './server';

/** What its services do besides; each has a port of its own. */
const SERVICES: Partial<Record<Feature, string>> = {
  plain: '',
  starttls: '-o smtpd_tls_security_level=encrypt',
  implicit: '-o smtpd_tls_wrappermode=yes',
  'login PLAIN':
    '-o smtpd_sasl_auth_enable=yes -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject',
  'login LOGIN':
    '-o smtpd_sasl_auth_enable=yes -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject',
  'login CRAM-MD5':
    '-o smtpd_sasl_auth_enable=yes -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject',
  'refused recipient':
    '-o smtpd_recipient_restrictions=check_recipient_access,inline:{nobody@example.com=REJECT},permit',
  // With the port of the policy service behind it.
  greylisting: '-o smtpd_recipient_restrictions=check_policy_service,inet:127.0.0.1:',
  'size limit': '-o message_size_limit=200000',
  'header check': '-o cleanup_service_name=cleanchecked',
  'connection limit': '-o smtpd_client_connection_count_limit=1 -o smtpd_client_event_limit_exceptions=',
  'rate limit': '-o smtpd_client_message_rate_limit=20 -o smtpd_client_event_limit_exceptions=',
  'idle timeout': '-o smtpd_timeout=2s',
  restart: '',
};

export async function startPostfix(folder: string, sink: number): Promise<InteropServer> {
  const root = unpacked('postfix', ['postfix']);
  const ports: Partial<Record<Feature, number>> = {};
  for (const feature of Object.keys(SERVICES) as Feature[]) ports[feature] = await freePort();
  const place = (name: string) => path.join(folder, name);
  for (const name of ['etc', 'queue/private', 'data', 'dovecot']) mkdirSync(place(name), { recursive: true });
  // The user that the jail makes first.
  for (const name of ['data', 'queue/private']) chownSync(place(name), 64_100, 64_100);
  const environment = `MAIL_CONFIG TZ LD_LIBRARY_PATH=${libraries(root)} PATH`;
  writeFileSync(
    place('etc/main.cf'),
    `compatibility_level = 3.6
queue_directory = ${place('queue')}
data_directory = ${place('data')}
daemon_directory = ${root}/usr/lib/postfix/sbin
command_directory = ${root}/usr/sbin
meta_directory = ${root}/etc/postfix
shlib_directory = no
import_environment = ${environment}
export_environment = ${environment}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.postfix.test
mydestination =
relayhost = [127.0.0.1]:${sink}
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject
smtpd_tls_cert_file = ${CERTIFICATE.cert}
smtpd_tls_key_file = ${CERTIFICATE.key}
smtpd_tls_security_level = may
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_sasl_security_options = noanonymous
smtpd_error_sleep_time = 0
smtpd_junk_command_limit = 10000
smtpd_soft_error_limit = 10000
smtpd_hard_error_limit = 20000
default_process_limit = 100
`,
  );
  const greylist = await startGreylist();
  const services = Object.entries(SERVICES).map(
    ([feature, options]) =>
      `127.0.0.1:${ports[feature as Feature]} inet n - n - - smtpd ${options}${feature === 'greylisting' ? greylist.port : ''}`,
  );
  const agents = [
    'rewrite trivial-rewrite',
    'bounce bounce',
    'defer bounce',
    'trace bounce',
    'smtp smtp',
    'relay smtp',
    'error error',
    'retry error',
  ];
  writeFileSync(
    place('etc/master.cf'),
    `${services.join('\n')}
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
cleanchecked unix n - n - 0 cleanup -o header_checks=regexp:${place('etc/checks')}
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
${agents.map((one) => `${one.split(' ')[0]} unix - - n - - ${one.split(' ')[1]}`).join('\n')}
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
`,
  );
  writeFileSync(place('etc/checks'), '/^Subject:.*forbidden/ REJECT no such subject\n');
  const logins = await startDovecot(place('dovecot'), sink, place('queue/private/auth'));

  let jail: Jailed;
  const start = async () => {
    jail = startJailed(folder, root, [path.join(root, 'usr/sbin/postfix'), '-c', place('etc'), 'start-fg']);
    await listening(ports.plain ?? 0, () => jail.output());
  };
  await start();
  return {
    name: `Postfix ${versionOf('postfix', 'postfix')}`,
    ports,
    async restart() {
      await jail.stop();
      await start();
    },
    async stop() {
      await jail.stop();
      await logins.stop();
      greylist.close();
    },
    output: () => jail.output(),
  };
}

/** A policy service of Postfix that puts the first attempt for a recipient off. */
async function startGreylist(): Promise<{ port: number; close: () => void }> {
  const known = new Set<string>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    let request = '';
    socket.on('data', (chunk) => {
      request += chunk.toString();
      if (!request.endsWith('\n\n')) return;
      const recipient = /^recipient=(.*)$/m.exec(request)?.[1] ?? '';
      request = '';
      socket.write(`action=${known.has(recipient) ? 'DUNNO' : '450 4.2.0 Greylisted'}\n\n`);
      known.add(recipient);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

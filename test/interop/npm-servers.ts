/** Mail servers from npm: Haraka, which is installed for the run, and maildev, the inbox of the demo. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort, ROOT } from '../flows/user-dir';
import { ACCOUNT, CERTIFICATE, listening, Unavailable, type InteropServer } from './server';

const HARAKA = '3.3.4';

export async function startHaraka(folder: string, sink: number): Promise<InteropServer> {
  const home = path.join(ROOT, 'node_modules', '.cache', 'interop', 'haraka');
  const program = path.join(home, 'node_modules', 'Haraka', 'bin', 'haraka');
  if (!existsSync(program)) {
    mkdirSync(home, { recursive: true });
    writeFileSync(path.join(home, 'package.json'), '{"private": true}');
    const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--omit=optional'];
    try {
      execFileSync('npm', ['install', ...options, `Haraka@${HARAKA}`], { cwd: home, stdio: 'ignore' });
    } catch {
      throw new Unavailable('npm can not install it');
    }
  }
  const [plain, implicit] = [await freePort(), await freePort()];
  const config = path.join(folder, 'config');
  cpSync(path.join(home, 'node_modules', 'Haraka', 'config'), config, { recursive: true });
  const write = (name: string, text: string) => writeFileSync(path.join(config, name), text);
  write('smtp.ini', `listen=127.0.0.1:${plain},127.0.0.1:${implicit}\nsmtps_port=${implicit}\nnodes=0\n`);
  // It takes every mailbox of its domains by itself.
  mkdirSync(path.join(folder, 'plugins'));
  writeFileSync(
    path.join(folder, 'plugins', 'refuse_nobody.js'),
    "exports.hook_rcpt = (next, connection, [address]) =>\n  address.user === 'nobody' ? next(DENY, 'no such mailbox') : next();\n",
  );
  write('plugins', 'tls\nauth/flat_file\nrefuse_nobody\nrcpt_to.in_host_list\nqueue/smtp_forward\n');
  write('host_list', 'example.com\n');
  write('me', 'mx.haraka.test\n');
  write(
    'connection.ini',
    readFileSync(path.join(config, 'connection.ini'), 'utf8').replace(/^bytes=\d+$/m, 'bytes=200000'),
  );
  write('loglevel', 'warn\n');
  write('smtp_forward.ini', `host=127.0.0.1\nport=${sink}\nenable_outbound=true\n`);
  write(
    'auth_flat_file.ini',
    `[core]\nmethods=PLAIN,LOGIN,CRAM-MD5\n\n[users]\n${ACCOUNT.user}=${ACCOUNT.password}\n`,
  );
  write('tls.ini', 'key=tls_key.pem\ncert=tls_cert.pem\n');
  copyFileSync(CERTIFICATE.cert, path.join(config, 'tls_cert.pem'));
  copyFileSync(CERTIFICATE.key, path.join(config, 'tls_key.pem'));
  const running = run([program, '-c', folder]);
  await listening(plain, running.output);
  return {
    name: `Haraka ${HARAKA}`,
    ports: {
      plain,
      starttls: plain,
      implicit,
      'login PLAIN': plain,
      'login LOGIN': plain,
      'login CRAM-MD5': plain,
      'refused recipient': plain,
      'size limit': plain,
    },
    ...running,
  };
}

export async function startMaildev(): Promise<InteropServer> {
  const home = path.join(ROOT, 'node_modules', 'maildev');
  const { version, bin } = JSON.parse(readFileSync(path.join(home, 'package.json'), 'utf8')) as {
    version: string;
    bin: Record<string, string> | string;
  };
  const program = path.join(home, typeof bin === 'string' ? bin : (Object.values(bin)[0] ?? ''));
  const [plain, web] = [await freePort(), await freePort()];
  const own = ['--smtp', String(plain), '--web', String(web), '--ip', '127.0.0.1', '--web-ip', '127.0.0.1'];
  const running = run([program, ...own]);
  await listening(plain, running.output);
  return {
    name: `maildev ${version}`,
    ports: { plain },
    async subjects() {
      const answer = await fetch(`http://127.0.0.1:${web}/api/email`);
      return ((await answer.json()) as { subject: string }[]).map(({ subject }) => subject);
    },
    ...running,
  };
}

function run(command: readonly string[]): { stop: () => Promise<void>; output: () => string } {
  const child: ChildProcess = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const note = (chunk: Buffer) => void (output += chunk.toString());
  child.stdout?.on('data', note);
  child.stderr?.on('data', note);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    output: () => output,
    async stop() {
      if (child.exitCode !== null) return;
      child.kill();
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

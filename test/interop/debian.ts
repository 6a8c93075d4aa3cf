/**
 * Mail servers out of Debian's packages, unpacked side by side and run in a mount namespace of their own: their packages
 * exclude each other, and nothing of them is installed on this machine.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import path from 'node:path';
import { ROOT } from '../flows/user-dir';
import { Unavailable } from './server';

const CACHE = path.join(ROOT, 'node_modules', '.cache', 'interop');

/** Users that the servers were built for. */
const USERS = ['postfix', 'postdrop', 'Debian-exim', 'opensmtpd', 'opensmtpq', 'dovecot', 'dovenull'];
const FIRST_ID = 64_100;

/** Folders in which a server has files of its own. */
const PRIVATE = ['/var/lib', '/var/spool', '/var/log', '/run', '/usr/libexec'];

let updated = false;

/** Throws `Unavailable` where Debian's servers can not be run. */
function checkMachine(): void {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) throw new Unavailable('needs Linux and root');
  for (const tool of ['apt-get', 'dpkg-deb', 'unshare']) {
    try {
      execFileSync('which', [tool]);
    } catch {
      throw new Unavailable(`needs ${tool}`);
    }
  }
}

/** Downloads packages, with what they need and this machine has not, and unpacks them; gives the folder. */
export function unpacked(name: string, packages: readonly string[]): string {
  checkMachine();
  const root = path.join(CACHE, name);
  if (existsSync(`${root}.done`)) return root;
  const archives = path.join(CACHE, `${name}-debs`);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(path.join(archives, 'partial'), { recursive: true });
  const options = [
    '-y',
    '-qq',
    '--no-install-recommends',
    '--download-only',
    `-oDir::Cache::archives=${archives}`,
  ];
  try {
    if (!updated) execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
    updated = true;
    execFileSync('apt-get', [...options, 'install', ...packages], { stdio: 'ignore' });
  } catch {
    throw new Unavailable('apt-get can not download it');
  }
  for (const file of readdirSync(archives).filter((one) => one.endsWith('.deb'))) {
    execFileSync('dpkg-deb', ['-x', path.join(archives, file), root]);
  }
  writeFileSync(`${root}.done`, '');
  return root;
}

/** The version of an unpacked package: `3.7.11`. */
export function versionOf(name: string, packageName: string): string {
  const archives = path.join(CACHE, `${name}-debs`);
  const file = readdirSync(archives).find((one) => one.startsWith(`${packageName}_`)) ?? '';
  return /_(?:\d+%3a)?([\d.]+)/.exec(file)?.[1] ?? '?';
}

/** What a program of such a package needs in its environment. */
export function libraries(root: string): string {
  return ['usr/lib/postfix', 'usr/lib', 'usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu', 'usr/lib/dovecot']
    .map((folder) => path.join(root, folder))
    .join(':');
}

export interface Jailed {
  process: ChildProcess;
  output: () => string;
  /** Ends it and all its children. */
  stop: () => Promise<void>;
}

/**
 * Starts a program with the users that it wants and with empty folders of its own. `binds` are folders of the package that
 * have to be where they were built for.
 */
export function startJailed(
  folder: string,
  root: string,
  command: readonly string[],
  binds: Readonly<Record<string, string>> = {},
): Jailed {
  for (const file of ['passwd', 'group', 'shadow'] as const) {
    const known = readFileSync(`/etc/${file}`, 'utf8');
    const lines = USERS.filter((user) => !known.includes(`${user}:`)).map((user, i) => {
      const id = FIRST_ID + i;
      if (file === 'passwd') return `${user}:x:${id}:${id}::/nonexistent:/usr/sbin/nologin`;
      return file === 'group' ? `${user}:x:${id}:` : `${user}:*:19000:0:99999:7:::`;
    });
    writeFileSync(path.join(folder, file), `${known.trimEnd()}\n${lines.join('\n')}\n`, { mode: 0o644 });
  }
  chmodSync(folder, 0o755);
  const script = [
    'set -e',
    ...['passwd', 'group', 'shadow'].map((file) => `mount --bind ${folder}/${file} /etc/${file}`),
    ...PRIVATE.filter((place) => existsSync(place)).map((place) => `mount -t tmpfs tmpfs ${place}`),
    ...Object.entries(binds).map(([place, from]) => `mkdir -p ${place} && mount --bind ${from} ${place}`),
    'mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd && chmod 711 /var/spool/smtpd',
    // Servers that start themselves again clear their environment: their libraries are found by the loader's own list.
    `printf '%s\\n' ${libraries(root).replaceAll(':', ' ')} > ${folder}/ld.conf`,
    `cat /etc/ld.so.conf >> ${folder}/ld.conf`,
    `ldconfig -f ${folder}/ld.conf -C ${folder}/ld.cache && mount --bind ${folder}/ld.cache /etc/ld.so.cache`,
    'exec "$@"',
  ];
  const process = spawn(
    'unshare',
    ['-m', '--kill-child', 'sh', '-c', script.join('\n'), 'jail', ...command],
    {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LD_LIBRARY_PATH: libraries(root) },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    },
  );
  let output = '';
  const note = (chunk: Buffer) => void (output += chunk.toString());
  process.stdout.on('data', note);
  process.stderr.on('data', note);
  const ended = new Promise<void>((resolve) => process.once('exit', () => resolve()));
  return {
    process,
    output: () => output,
    async stop() {
      if (process.exitCode === null && process.signalCode === null) {
        signalGroup(process, 'SIGTERM');
        const timer = setTimeout(() => signalGroup(process, 'SIGKILL'), 5_000);
        await ended;
        clearTimeout(timer);
      }
      // Where something was mounted there may be an empty folder now.
      for (const place of Object.keys(binds)) await rmdir(place).catch(() => undefined);
    },
  };
}

/** Signals a process and its children; it may have ended by itself. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

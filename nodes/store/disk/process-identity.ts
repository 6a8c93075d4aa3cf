/** Which process is it, and does it still run: what a lock file has to tell of its owner. */
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';

export interface ProcessIdentity {
  pid: number;
  /** Where this pid means this process: machine, its boot and its container. */
  home: string;
  /** Clock ticks from the boot to the start of the process: tells it from a later one with the same pid. Linux only. */
  startedAt: string | null;
}

/** The identity of this process. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  const [boot, pidNamespace, stat] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
    readStat(process.pid),
  ]);
  return {
    pid: process.pid,
    home: [hostname(), boot.trim(), pidNamespace].join(' '),
    startedAt: stat?.startedAt ?? null,
  };
}

/**
 * Tells whether another process runs, as seen from `own`. `unknown`: it is of another machine or container, or this
 * system does not tell when a process was started; its heartbeat has to show it.
 */
export async function isRunning(
  other: ProcessIdentity,
  own: ProcessIdentity,
): Promise<'yes' | 'no' | 'unknown'> {
  if (other.home !== own.home) return 'unknown';
  if (!pidExists(other.pid)) return 'no';
  const stat = await readStat(other.pid);
  if (!stat) return 'unknown';
  // A killed process stays in the table as a zombie until its parent looks after it.
  const gone = stat.state === 'Z' || stat.state === 'X' || stat.startedAt !== other.startedAt;
  return gone ? 'no' : 'yes';
}

function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs for another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** proc(5): the fields follow the name, which is in brackets and may hold any character. */
async function readStat(pid: number): Promise<{ state: string; startedAt: string } | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [state, startedAt] = [fields[0], fields[19]];
    return state && startedAt ? { state, startedAt } : null;
  } catch {
    return null;
  }
}

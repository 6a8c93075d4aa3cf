/** Run by outbox-lock.test.ts as a process of its own: takes the lock of a folder, says so, and holds it until it is ended. */
import fsPromises from 'node:fs/promises';
import { acquireLock } from '../../../nodes/store/disk/lock';

const [folder = '', release] = process.argv.slice(2);

acquireLock(fsPromises, folder).then(
  async (lock) => {
    if (release === 'release') await lock.release();
    process.stdout.write(`held ${process.pid}\n`);
    process.stdin.resume();
  },
  (error: Error & { code?: string }) => {
    process.stdout.write(`${error.code} ${error.message}\n`);
  },
);

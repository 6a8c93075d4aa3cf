/** The package as `npm pack` makes it of the build. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { ROOT } from './user-dir';

/** Packs dist/ as it is, and gives the file. */
export function packInto(folder: string): string {
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: process.platform === 'win32',
  });
  return path.join(folder, packed.trim().split('\n').at(-1) ?? '');
}

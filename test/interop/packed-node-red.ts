/** A Node-RED with the package as npm installs it from its tarball. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startNodeRed, type NodeRed } from '../flows/node-red';
import { ROOT } from '../flows/user-dir';

export async function startPacked(): Promise<{ red: NodeRed; close: () => Promise<void> }> {
  const userDir = await mkdtemp(path.join(tmpdir(), 'interop-'));
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', userDir], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const tarball = packed.trim().split('\n').at(-1) ?? '';
  await writeFile(path.join(userDir, 'package.json'), '{"private": true}');
  const options = ['--no-audit', '--no-fund', '--omit=dev', '--ignore-scripts'];
  execFileSync('npm', ['install', ...options, path.join(userDir, tarball)], {
    cwd: userDir,
    stdio: 'ignore',
  });
  const red = await startNodeRed({ userDir });
  return {
    red,
    async close() {
      await red.stop();
      await rm(userDir, { recursive: true, force: true });
    },
  };
}

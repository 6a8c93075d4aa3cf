/** A Node-RED with the package as npm installs it from its tarball. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startNodeRed, type NodeRed } from '../flows/node-red';
import { packInto } from '../flows/tarball';

export async function startPacked(): Promise<{ red: NodeRed; close: () => Promise<void> }> {
  const userDir = await mkdtemp(path.join(tmpdir(), 'interop-'));
  const tarball = packInto(userDir);
  await writeFile(path.join(userDir, 'package.json'), '{"private": true}');
  const options = ['--no-audit', '--no-fund', '--omit=dev', '--ignore-scripts'];
  execFileSync('npm', ['install', ...options, tarball], {
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

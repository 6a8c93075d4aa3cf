/** What a Node-RED of the tests needs on disk before it starts. */
import { existsSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';

/** The root of the repository. */
export const ROOT = path.join(__dirname, '..', '..');
const PACKAGE = '@email-server-connector/node-red-send-email';

/** A TCP port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/**
 * Writes settings.js and links the package as `npm install <folder>` does.
 *
 * @param settings more of settings.js, plain JSON
 * @param linked false leaves the package out
 * @throws when the package was not built
 */
export async function prepareUserDir(
  userDir: string,
  port: number,
  settings: Record<string, unknown>,
  linked = true,
): Promise<void> {
  if (!existsSync(path.join(ROOT, 'dist', 'send-email.js'))) {
    throw new Error('dist/ is missing: run `npm run build` first');
  }
  const modules = path.join(userDir, 'node_modules', path.dirname(PACKAGE));
  await mkdir(modules, { recursive: true });
  const link = path.join(userDir, 'node_modules', PACKAGE);
  if (linked && !existsSync(link)) await symlink(ROOT, link, 'junction');
  const all = {
    uiHost: '127.0.0.1',
    uiPort: port,
    flowFile: 'flows.json',
    credentialSecret: 'the secret of the tests',
    nodesDir: path.join(__dirname, 'probe'),
    telemetry: { enabled: false, updateNotification: false },
    editorTheme: { tours: false },
    contextStorage: { default: { module: 'memory' } },
    logging: { console: { level: 'debug', metrics: false, audit: false } },
    ...settings,
  };
  await writeFile(path.join(userDir, 'package.json'), JSON.stringify({ name: 'flows', dependencies: {} }));
  await writeFile(path.join(userDir, 'settings.js'), `module.exports = ${JSON.stringify(all, null, 2)};\n`);
}

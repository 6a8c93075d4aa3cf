// Packs the package, installs the tarball into an empty user directory as the palette manager does, starts Node-RED
// there, and checks that nodes, icons, locales, help and examples arrived.
// Usage: node .ci/check-install.mjs <node binary> <red.js>
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [nodeBinary, redPath] = process.argv.slice(2);
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const userDir = mkdtempSync(join(tmpdir(), 'send-email-install-'));

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function check(what, holds) {
  if (!holds) throw new Error(`not as it should be: ${what}`);
  console.log(`ok: ${what}`);
}

let child;
try {
  const packed = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', userDir], {
      cwd: root,
      encoding: 'utf8',
    }).replace(/^[^[{]*/s, ''),
  );
  const { filename } = Array.isArray(packed) ? packed[0] : Object.values(packed)[0];
  writeFileSync(join(userDir, 'package.json'), '{"name":"user-directory","private":true}\n');
  execFileSync(
    'npm',
    ['install', '--no-audit', '--no-fund', '--omit=dev', '--engine-strict', join(userDir, filename)],
    { cwd: userDir, stdio: 'inherit' },
  );

  const port = await freePort();
  writeFileSync(
    join(userDir, 'settings.js'),
    `module.exports = { uiHost: '127.0.0.1', uiPort: ${port}, credentialSecret: 'check', telemetry: { enabled: false, updateNotification: false } };\n`,
  );
  child = spawn(nodeBinary, [redPath, '-u', userDir], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Node-RED did not start:\n${log}`)), 60_000);
    const read = (chunk) => {
      log += chunk;
      if (log.includes('Started flows')) {
        clearTimeout(timer);
        resolve();
      }
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('exit', (code) => reject(new Error(`Node-RED ended with ${code}:\n${log}`)));
  });

  const get = async (path, headers = { accept: 'application/json' }) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
    if (!response.ok) throw new Error(`GET ${path}: ${response.status}`);
    return response;
  };
  const version = (await (await get('/settings')).json()).version;
  const sets = (await (await get('/nodes')).json()).filter((set) => set.module === name);
  for (const type of ['email-server-connector', 'send-email']) {
    const set = sets.find((one) => one.types.includes(type));
    check(`Node-RED ${version} loads ${type}`, set && set.enabled && !set.err);
    const catalogue = await (await get(`/locales/${name}/${type}?lng=en-US`)).json();
    check(`the texts of ${type}`, Object.keys(catalogue[type] ?? catalogue).length > 0);
    const html = await (await get(`/nodes/${name}/${type}`, { accept: 'text/html' })).text();
    check(`the dialog of ${type}`, html.includes(`data-template-name="${type}"`));
    check(`the help of ${type}`, html.includes(`data-help-name="${type}"`));
  }
  const icons = await (await get('/icons')).json();
  check('the icon', (icons[name] ?? []).includes('send-email.svg'));
  const examples = JSON.stringify(await (await get(`/library/examples/flows/${name}`)).json());
  check('the examples', examples.includes('Gmail'));
} finally {
  child?.removeAllListeners('exit');
  child?.kill('SIGTERM');
  rmSync(userDir, { recursive: true, force: true });
}

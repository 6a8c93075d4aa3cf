/** What it costs to have the nodes: time to load them, and what npm installs. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { BENCH, ROOT } from '../child.mjs';
import { inTurns } from '../rounds.mjs';

export const title = 'load time of the nodes, size and number of the installed packages';

const EMAIL = path.join(BENCH, 'node_modules', 'node-red-node-email');

export async function run({ runs }) {
  const ours = {
    name: 'send-email',
    files: ['email-server-connector.js', 'send-email.js'].map((file) => path.join(ROOT, 'dist', file)),
  };
  const email = { name: 'node-red-node-email', files: [path.join(EMAIL, '61-email.js')] };
  for (const peer of [ours, email]) loadTime(peer);
  const of = await inTurns([ours, email], Math.max(runs, 5), loadTime);
  const ourInstall = withDependencies(ROOT, packedBytes());
  const itsInstall = withDependencies(EMAIL, folderBytes(EMAIL));
  const compare = (what, unit, value) => ({
    what,
    unit,
    ours: [value(ourInstall)],
    other: { name: email.name, values: [value(itsInstall)] },
    better: 'less',
  });
  return {
    comparisons: [
      {
        what: 'time to load the nodes',
        unit: 'ms',
        ours: of(ours.name, (ms) => ms),
        other: { name: email.name, values: of(email.name, (ms) => ms) },
        better: 'less',
      },
      compare('installed', 'MB', ({ bytes }) => bytes / 1_000_000),
      compare('packages', '', ({ packages }) => packages),
    ],
  };
}

/** Time that a new process needs to load the modules and register their nodes, ms. */
function loadTime({ files }) {
  // Some modules load what they need only when Node-RED calls them, so they are called, with a RED that knows everything.
  const script = `const RED = new Proxy(() => undefined, { get: () => RED });
    const start = performance.now();
    for (const file of ${JSON.stringify(files)}) require(file)(RED);
    process.stdout.write(String(performance.now() - start));
    process.exit();`;
  return Number(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }));
}

/** Bytes of the files that npm would put into the package. */
function packedBytes() {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const [packed] = JSON.parse(execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' }));
  return packed.unpackedSize;
}

/** A package and all that it needs at run time: each once, and those inside of its folder as they are. */
function withDependencies(folder, ownBytes) {
  const seen = new Map([[folder, ownBytes]]);
  const todo = [folder];
  for (let from = todo.pop(); from; from = todo.pop()) {
    const { dependencies = {}, optionalDependencies = {} } = manifest(from);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const found = resolvePackage(from, name);
      if (!found || seen.has(found)) continue;
      // What is bundled inside of a package is in its size already.
      seen.set(found, found.startsWith(folder + path.sep) && folder !== ROOT ? 0 : folderBytes(found, true));
      todo.push(found);
    }
  }
  return { packages: seen.size, bytes: [...seen.values()].reduce((sum, bytes) => sum + bytes, 0) };
}

function manifest(folder) {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
}

/** Where Node.js finds a package, seen from a folder; undefined for an optional one that is not installed. */
function resolvePackage(from, name) {
  for (let at = from; ; at = path.dirname(at)) {
    const candidate = path.join(at, 'node_modules', name);
    if (existsSync(path.join(candidate, 'package.json'))) return candidate;
    if (at === path.dirname(at)) return undefined;
  }
}

/** Bytes of all files in a folder; without the packages inside when these are counted by themselves. */
function folderBytes(folder, withoutPackages = false) {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!(withoutPackages && entry.name === 'node_modules')) bytes += folderBytes(file, withoutPackages);
    } else if (entry.isFile()) {
      bytes += statSync(file).size;
    }
  }
  return bytes;
}

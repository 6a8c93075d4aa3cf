// Assembles dist/ as Node-RED wants it: beside each node's .js its .html, icons/ and locales/.
// `--if-stale` does nothing when dist/ is newer than every source.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = path.join(ROOT, 'dist');
const SOURCES = ['nodes', 'icons', 'locales', 'package.json', 'tsconfig.json', 'scripts/build.mjs'];
const SCRIPT_LINE = /^[ \t]*<script type="text\/javascript" src="(editor\/[\w-]+\.ts)"><\/script>[ \t]*$/m;

if (process.argv.includes('--if-stale') && isFresh()) process.exit(0);

// Built aside and swapped in at the end: a failed build leaves the last good dist/ as it was.
const out = path.join(ROOT, '.cache', `build-${process.pid}`);
try {
  mkdirSync(out, { recursive: true });
  compile('tsconfig.json', '--outDir', out);
  compile('tsconfig.editor.json');
  for (const name of readdirSync(path.join(ROOT, 'nodes')).filter((file) => file.endsWith('.html'))) {
    writeFileSync(path.join(out, name), await page(name));
  }
  for (const folder of ['icons', 'locales']) {
    cpSync(path.join(ROOT, folder), path.join(out, folder), { recursive: true });
  }
  rmSync(DIST, { recursive: true, force: true });
  renameSync(out, DIST);
} catch (error) {
  console.error(`build failed: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}

/** Runs the TypeScript compiler on a project; throws on any type error. */
function compile(project, ...options) {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', project, ...options], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`type errors in ${project}`);
}

/** The node's html with its script line replaced by the bundled editor code. */
async function page(name) {
  const html = readFileSync(path.join(ROOT, 'nodes', name), 'utf8');
  const source = SCRIPT_LINE.exec(html)?.[1];
  if (!source) throw new Error(`nodes/${name} has no line <script type="text/javascript" src="editor/...">`);
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [path.join(ROOT, 'nodes', source)],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2020',
    charset: 'utf8',
    logLevel: 'warning',
  });
  const script = outputFiles[0].text;
  if (script.includes('</script'))
    throw new Error(`nodes/${source} contains </script, which ends the page's script`);
  return html.replace(SCRIPT_LINE, () => `<script type="text/javascript">\n${script}</script>`);
}

function isFresh() {
  const marker = path.join(DIST, 'send-email.js');
  if (!existsSync(marker)) return false;
  const built = statSync(marker).mtimeMs;
  return SOURCES.every((source) => newest(path.join(ROOT, source)) < built);
}

/** The latest modification time of a file, or of a folder and everything in it, ms. */
function newest(file) {
  const { mtimeMs } = statSync(file);
  if (!statSync(file).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(file).map((name) => newest(path.join(file, name))));
}

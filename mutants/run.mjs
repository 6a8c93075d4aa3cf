// Changes the code of rooms that decide, one place after another, and says which changes no test noticed.
// Usage: npm run mutants -- [room ...]   without a room: all of them, which takes hours
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const HERE = path.join(ROOT, 'mutants');
const OUT = path.join(ROOT, '.cache', 'mutants');
/** A copy of the sources, in which StrykerJS finds the mocha that it can drive in place of ours. */
const COPY = path.join(OUT, `copy-${process.pid}`);

/** What is changed, and the tests that have to notice: those without servers, processes and clocks. */
const ROOMS = {
  failures: {
    mutate: ['nodes/failures/**/*.ts'],
    tests: ['classify', 'one-too-many', 'openssl'].map((name) => `test/failures/${name}.test.ts`),
  },
  properties: {
    mutate: ['nodes/properties/read/*.ts'],
    tests: ['test/properties/**/*.test.ts', '!test/properties/settings-fuzz.test.ts'],
  },
  recipients: {
    mutate: ['nodes/mail/recipients/*.ts'],
    tests: ['test/mail/recipients/*.test.ts', 'test/mail/message.test.ts'],
  },
  template: {
    mutate: ['nodes/mail/template/*.ts'],
    tests: ['test/mail/template/*.test.ts', 'test/mail/content.test.ts', 'test/mail/message.test.ts'],
  },
  outbox: {
    mutate: ['nodes/outbox/{mail-state,retry,rate-limit,queue}.ts'],
    tests: ['mail-state', 'outbox', 'put-off', 'queue', 'rate-limit', 'rate-window', 'retry'].map(
      (name) => `test/outbox/${name}.test.ts`,
    ),
  },
};

const asked = process.argv.slice(2);
const unknown = asked.find((room) => !(room in ROOMS));
if (unknown !== undefined) {
  console.error(`There is no room ${unknown}: ${Object.keys(ROOMS).join(', ')}.`);
  process.exit(1);
}
install();
try {
  prepare();
  for (const room of asked.length > 0 ? asked : Object.keys(ROOMS)) {
    console.log(`== ${room}`);
    const stryker = path.join(HERE, 'node_modules/@stryker-mutator/core/bin/stryker.js');
    const { status } = spawnSync(process.execPath, [stryker, 'run', configFor(room)], {
      cwd: COPY,
      stdio: 'inherit',
    });
    if (status !== 0) process.exitCode = 1;
  }
} finally {
  rmSync(COPY, { recursive: true, force: true });
}

/** Installs StrykerJS when it is not there. It is no part of the package, nor of what `npm install` brings. */
function install() {
  if (existsSync(path.join(HERE, 'node_modules', '@stryker-mutator', 'core'))) return;
  console.error('installing StrykerJS ...');
  const args = ['ci', '--prefix', HERE, '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status } = spawnSync('npm', args, {
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error('npm ci in mutants/ failed');
}

/** Copies the sources, and links what they need. */
function prepare() {
  const modules = path.join(COPY, 'node_modules');
  mkdirSync(modules, { recursive: true });
  for (const name of [
    'nodes',
    'test',
    'scripts',
    'locales',
    'package.json',
    'tsconfig.json',
    'tsconfig.test.json',
  ])
    cpSync(path.join(ROOT, name), path.join(COPY, name), { recursive: true });
  for (const name of readdirSync(path.join(ROOT, 'node_modules')).filter((one) => !one.startsWith('.'))) {
    const home = name === 'mocha' ? HERE : ROOT;
    symlinkSync(path.join(home, 'node_modules', name), path.join(modules, name), 'junction');
  }
}

/** Writes the configuration of a room, and gives the file. */
function configFor(room) {
  const { mutate, tests } = ROOMS[room];
  const file = path.join(OUT, `${room}.config.json`);
  mkdirSync(OUT, { recursive: true });
  const config = {
    plugins: [
      pathToFileURL(path.join(HERE, 'node_modules/@stryker-mutator/mocha-runner/dist/src/index.js')).href,
    ],
    testRunner: 'mocha',
    mochaOptions: {
      'no-config': true,
      require: ['tsx/cjs'],
      spec: tests.filter((test) => !test.startsWith('!')),
      ignore: tests.filter((test) => test.startsWith('!')).map((test) => test.slice(1)),
      extension: ['ts'],
    },
    mutate,
    inPlace: true,
    coverageAnalysis: 'perTest',
    // Strings are texts for people, which tests of languages look at.
    mutator: { excludedMutations: ['StringLiteral'] },
    concurrency: 1,
    timeoutMS: 10_000,
    reporters: ['clear-text', 'progress-append-only', 'json'],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
    jsonReporter: { fileName: path.join(OUT, `${room}.json`) },
    allowConsoleColors: false,
    checkers: [],
    thresholds: { high: 90, low: 80, break: null },
  };
  writeFileSync(file, JSON.stringify(config, null, 2));
  return file;
}

/**
 * `npm run bench`: measures the package against others on this machine, over loopback only.
 * Options: `--case NAME` (may be repeated), `--runs N`, `--scale F` (a part of each load), `--json`, `--check`, `--help`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { BENCH, ROOT } from './child.mjs';
import { machine, met, toMarkdown } from './report.mjs';
import { findProgram } from './sink.mjs';

const CASES = [
  ...['default', 'digest', 'burst', 'keys', 'tls', 'latency', 'limit', 'flood', 'backlog', 'weight'],
  // Only text, and the outbox in memory: what the smallest mails cost.
  ...['single', 'outbox'],
];
/** The cases that measure against node-red-node-email. */
const WITH_PEERS = ['default', 'single', 'tls', 'flood', 'digest', 'latency', 'weight'];
/** What one case may take; then something hangs. */
const CASE_MS = 360_000;

const USAGE = `Usage: npm run bench -- [--case NAME]... [--runs N] [--scale F] [--json] [--check]
  --case NAME  only this case: ${CASES.join(', ')}
  --runs N     runs of each peer, 1 to 50 (default 5)
  --scale F    a part of each load, 0.01 to 1 (default 1), to try things out: no numbers to show
  --json       data instead of a table
  --check      exit with 1 when a goal is missed, for a run each night
BENCH_NODE_ARGS holds more arguments of node for each Node-RED, such as --cpu-prof --cpu-prof-dir=/tmp/profiles`;

/** Reads the command line; throws an Error that says what is wrong with it. */
function readOptions() {
  const { values } = parseArgs({
    options: {
      case: { type: 'string', multiple: true, default: CASES },
      runs: { type: 'string', default: '5' },
      scale: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const runs = Number(values.runs);
  const scale = Number(values.scale);
  const unknown = values.case.find((name) => !CASES.includes(name));
  if (unknown !== undefined) throw new Error(`--case ${unknown}: there is no such case`);
  if (!Number.isInteger(runs) || runs < 1 || runs > 50)
    throw new Error('--runs: a whole number from 1 to 50');
  if (!(scale >= 0.01 && scale <= 1)) throw new Error('--scale: a number from 0.01 to 1');
  return { ...values, runs, scale };
}

/** Installs the others when they are not there. They are no part of the package. */
function installPeers() {
  if (existsSync(path.join(BENCH, 'node_modules', 'node-red-node-email', 'package.json'))) return;
  console.error('installing what is compared with ...');
  // As the lock file says; `npm ci` refuses it, for node-red-node-email bundles a package that another of its own does not
  // ask for.
  const args = ['install', '--no-save', '--prefix', BENCH, '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status } = spawnSync('npm', args, { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('npm install in bench/ failed');
}

function within(ms, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took more than ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function runCase(name, { runs, scale }) {
  const { title, run } = await import(`./cases/${name}.mjs`);
  console.error(`${name}: ${title} ...`);
  // Whole hundreds, so that batches come out even.
  const part = (count) => (scale === 1 ? count : Math.max(Math.ceil((count * scale) / 100) * 100, 100));
  const few = (count) => (count <= 200 ? Math.max(Math.ceil(count * scale), 2) : part(count));
  const started = performance.now();
  const result = await within(CASE_MS, run({ runs, scale: few }));
  console.error(`${name}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return { name, title, ...result };
}

async function main() {
  const options = readOptions();
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  if (options.case.some((name) => WITH_PEERS.includes(name))) installPeers();
  const results = [];
  for (const name of options.case) results.push(await runCase(name, options));
  const facts = {
    machine: machine(),
    node: process.versions.node,
    nodeRed: JSON.parse(readFileSync(path.join(ROOT, 'node_modules', 'node-red', 'package.json'), 'utf8'))
      .version,
    sink: findProgram('smtp-sink') ? 'smtp-sink (Postfix) where it can do it' : 'the bundled one',
    runs: options.runs,
    scale: options.scale,
  };
  if (options.json) console.log(JSON.stringify({ facts, results }, null, 2));
  else console.log(`\n${toMarkdown(results, facts)}`);
  const missed = results.flatMap(({ comparisons = [] }) => comparisons).filter((one) => met(one) === false);
  if (missed.length > 0) console.error(`\n${missed.length} goals were missed`);
  return options.check && missed.length > 0 ? 1 : 0;
}

try {
  const code = await main();
  // The process ends here even when a case left a timer: whatever still runs is killed.
  process.exit(code);
} catch (error) {
  console.error(error.message.includes('--') ? `${error.message}\n${USAGE}` : error);
  process.exit(1);
}

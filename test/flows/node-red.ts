/** Starts a real Node-RED with the built package, deploys flows into it and observes them. */
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createJournal, type Journal } from '../servers/journal';

const ROOT = path.join(__dirname, '..', '..');
const PACKAGE = '@email-server-connector/node-red-send-email';
/** Node-RED needs about 2 s to start; a busy machine gets more. */
const START_MS = 20_000;
const LOG_SHOWN = 4_000;

export interface FlowNode {
  id: string;
  type: string;
  [property: string]: unknown;
}

export interface NodeRedOptions {
  /** Besides PATH; HOME is the user directory. */
  env?: Record<string, string>;
  /** More of settings.js; plain JSON. */
  settings?: Record<string, unknown>;
  /** Goes on with the user directory of an earlier one, which then belongs to the caller. */
  userDir?: string;
}

export interface NodeStatus {
  fill?: string;
  shape?: string;
  text?: string;
}

/** One call of done() by a send-email node. */
export interface Done {
  node: string;
  msgid: string;
  /** The error's message, or null. */
  error: string | null;
}

/** How the process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** From the signal to the end. */
  ms: number;
}

export type FlowMsg = Record<string, any>;

export interface NodeRed {
  url: string;
  port: number;
  pid: number;
  userDir: string;
  /** Resolves when the new flows have started. */
  deploy: (flows: FlowNode[], type?: 'full' | 'flows' | 'nodes') => Promise<void>;
  /** Sends msgs out of a probe-in node; resolves when they have left it. */
  send: (probeIn: string, ...msgs: FlowMsg[]) => Promise<void>;
  /** The msgs that reached a probe node. */
  probe: (id: string) => Journal<FlowMsg>;
  /** Each status of a node, in order. */
  statuses: (id: string) => Journal<NodeStatus>;
  dones: Journal<Done>;
  /** Presses the button of an inject node. */
  inject: (id: string) => Promise<void>;
  request: (method: string, path: string, body?: unknown) => Promise<{ status: number; body: any }>;
  /** All that the process wrote so far. */
  logs: () => string;
  /** Undefined while the process runs. */
  exit: () => Exit | undefined;
  /** Ends the process and removes its user directory unless the caller gave it. */
  stop: (signal?: NodeJS.Signals) => Promise<Exit>;
}

type Report =
  | { kind: 'msg'; probe: string; msg: FlowMsg }
  | { kind: 'status'; id: string; status: NodeStatus }
  | ({ kind: 'done' } & Done)
  | { kind: 'started' }
  | { kind: 'answer'; id: number; error: string | null };

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function prepare(userDir: string, port: number, settings: Record<string, unknown>): Promise<void> {
  if (!existsSync(path.join(ROOT, 'dist', 'send-email.js'))) {
    throw new Error('dist/ is missing: run `npm run build` first');
  }
  const modules = path.join(userDir, 'node_modules', path.dirname(PACKAGE));
  await mkdir(modules, { recursive: true });
  const link = path.join(userDir, 'node_modules', PACKAGE);
  if (!existsSync(link)) await symlink(ROOT, link, 'junction');
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

function launch(userDir: string, env: Record<string, string>): ChildProcess {
  const script = process.env['NODE_RED_PATH'] ?? path.join(ROOT, 'node_modules', 'node-red', 'red.js');
  return fork(script, ['--userDir', userDir, '--settings', path.join(userDir, 'settings.js')], {
    execPath: process.env['NODE_RED_NODE'] ?? process.execPath,
    execArgv: [],
    env: { PATH: process.env['PATH'] ?? '', HOME: userDir, ...env },
    cwd: userDir,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
}

/** Starts Node-RED without flows; resolves when its editor answers. */
export async function startNodeRed(options: NodeRedOptions = {}): Promise<NodeRed> {
  const userDir = options.userDir ?? (await mkdtemp(path.join(tmpdir(), 'flows-test-')));
  const port = await freePort();
  await prepare(userDir, port, options.settings ?? {});
  const child = launch(userDir, options.env ?? {});
  const url = `http://127.0.0.1:${port}`;

  let log = '';
  const logTail = (): string => `\nNode-RED said:\n${log.slice(-LOG_SHOWN)}`;
  const show = (item: unknown): string => JSON.stringify(item, shorten).slice(0, 600);
  const journals = new Map<string, Journal<never>>();
  function journal<T>(name: string): Journal<T> {
    const known = journals.get(name) as unknown as Journal<T> | undefined;
    if (known) return known;
    const made = createJournal<T>(name, show, logTail);
    journals.set(name, made as unknown as Journal<never>);
    if (exit) made.fail(exitError());
    return made;
  }

  let exit: Exit | undefined;
  let endSince = Date.now();
  const exitError = (): Error => new Error(`Node-RED ended with ${exit?.code ?? exit?.signal}${logTail()}`);
  const ended = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      exit = { code, signal, ms: Date.now() - endSince };
      for (const one of journals.values()) one.fail(exitError());
      resolve(exit);
    });
  });

  const starts = journal<'started'>('starts of flows');
  const dones = journal<Done>('calls of done()');
  const answers = journal<Report & { kind: 'answer' }>('answers');
  const lines = journal<string>('lines of the log');
  child.on('message', (report: Report) => {
    if (report.kind === 'msg') journal(`msgs at ${report.probe}`).add(report.msg as never);
    if (report.kind === 'status') journal(`statuses of ${report.id}`).add(report.status as never);
    if (report.kind === 'done') dones.add(report);
    if (report.kind === 'started') starts.add('started');
    if (report.kind === 'answer') answers.add(report);
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      lines.add(text);
    });
  }

  async function request(
    method: string,
    route: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) {
    const response = await fetch(url + route, {
      method,
      headers: { 'Content-Type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = (response.headers.get('content-type') ?? '').includes('json');
    return { status: response.status, body: json && text !== '' ? JSON.parse(text) : text };
  }

  async function stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    endSince = Date.now();
    if (!exit) child.kill(signal);
    // Node-RED waits 15 s for each node to close; what takes longer hangs.
    const last = setTimeout(() => child.kill('SIGKILL'), 20_000);
    const result = await ended;
    clearTimeout(last);
    if (options.userDir === undefined) await rm(userDir, { recursive: true, force: true });
    return result;
  }

  let requests = 0;
  try {
    await starts.waitFor(1, START_MS);
    await lines.waitForOne(() => log.includes(url), START_MS);
  } catch (error) {
    await stop('SIGKILL');
    throw error;
  }

  return {
    url,
    port,
    pid: child.pid as number,
    userDir,
    async deploy(flows, type = 'full') {
      const before = starts.items.length;
      const answer = await request('POST', '/flows', flows, { 'Node-RED-Deployment-Type': type });
      if (answer.status !== 204) throw new Error(`deploy: ${answer.status} ${JSON.stringify(answer.body)}`);
      await starts.waitFor(before + 1, START_MS);
    },
    async send(probe, ...msgs) {
      const id = ++requests;
      child.send({ kind: 'send', id, probe, msgs });
      const { error } = await answers.waitForOne((answer) => answer.id === id);
      if (error !== null) throw new Error(error);
    },
    probe: (id) => journal<FlowMsg>(`msgs at ${id}`),
    statuses: (id) => journal<NodeStatus>(`statuses of ${id}`),
    dones,
    async inject(id) {
      const { status } = await request('POST', `/inject/${id}`);
      if (status !== 200) throw new Error(`inject ${id}: ${status}`);
    },
    request: (method, route, body) => request(method, route, body),
    logs: () => log,
    exit: () => exit,
    stop,
  };
}

/** Keeps what is shown of a msg readable. */
function shorten(this: unknown, _key: string, value: unknown): unknown {
  if (typeof value === 'string' && value.length > 120) return `${value.slice(0, 120)}…`;
  if (typeof value === 'bigint') return String(value);
  return value;
}

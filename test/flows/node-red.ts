/** Starts a real Node-RED with the built package, deploys flows into it and observes them. */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { createJournal, type Journal } from '../servers/journal';
import { freePort, prepareUserDir, ROOT } from './user-dir';

/** Node-RED needs about 2 s to start; a busy machine gets more. */
const START_MS = 20_000;
/** Node-RED waits 15 s for each node to close; then the log tells more than a test that ran out of time. */
const DEPLOY_MS = 16_000;
const LOG_SHOWN = 4_000;

export interface FlowNode {
  id: string;
  type: string;
  [property: string]: unknown;
}

export interface NodeRedOptions {
  /** Besides PATH; HOME is the user directory. */
  env?: Record<string, string>;
  /** Scripts in `preload/` that are loaded before it. */
  preload?: ('clock' | 'disk')[];
  /** Without the package; default false. */
  bare?: boolean;
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

/** A test looks into msgs by their documented names; typing each would say those names twice. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Loose = any;
export type FlowMsg = Record<string, Loose>;

export interface NodeRed {
  url: string;
  port: number;
  pid: number;
  userDir: string;
  /** Resolves when the new flows have started; `reload` starts those on disk, whatever is given. */
  deploy: (flows: FlowNode[], type?: 'full' | 'flows' | 'nodes' | 'reload') => Promise<void>;
  /** Sends msgs out of a probe-in node; resolves when they have left it. */
  send: (probeIn: string, ...msgs: FlowMsg[]) => Promise<void>;
  /** The msgs that reached a probe node. */
  probe: (id: string) => Journal<FlowMsg>;
  /** Each status of a node, in order. */
  statuses: (id: string) => Journal<NodeStatus>;
  dones: Journal<Done>;
  /** Sets the clock of the process by `set` ms, or lets `pass` ms go by for it; needs the preload `clock`. */
  clock: (change: { set?: number; pass?: number }) => void;
  /** What its disk says and does from now on, nothing special without either; needs the preload `disk`. */
  disk: (trouble: { free?: number; code?: string }) => void;
  /** Presses the button of an inject node. */
  inject: (id: string) => Promise<void>;
  request: (method: string, path: string, body?: unknown) => Promise<{ status: number; body: Loose }>;
  /** All that the process wrote so far. */
  logs: () => string;
  /** Resolves with the first words in the log that fit. */
  logged: (words: RegExp) => Promise<string>;
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
  await prepareUserDir(userDir, port, options.settings ?? {}, !options.bare);
  const preload = (options.preload ?? []).map((name) => path.join(__dirname, 'preload', `${name}.cjs`));
  const child = launch(userDir, {
    ...(preload.length > 0 && { NODE_OPTIONS: preload.map((file) => `--require=${file}`).join(' ') }),
    ...options.env,
  });
  const url = `http://127.0.0.1:${port}`;

  let log = '';
  const logTail = (): string => `\nNode-RED said:\n${log.slice(-LOG_SHOWN)}`;
  const show = (item: unknown): string =>
    inspect(item, { depth: 3, breakLength: Infinity, maxStringLength: 120, maxArrayLength: 5 }).slice(0, 600);
  const all: { fail: (reason: Error) => void }[] = [];
  function newJournal<T>(name: string): Journal<T> {
    const made = createJournal<T>(name, show, logTail);
    all.push(made);
    if (exit) made.fail(exitError());
    return made;
  }
  /** Journals that come to be when somebody first asks for them, or writes into them. */
  function journals<T>(name: string): (key: string) => Journal<T> {
    const made = new Map<string, Journal<T>>();
    return (key) => {
      const one = made.get(key) ?? newJournal<T>(`${name} ${key}`);
      made.set(key, one);
      return one;
    };
  }

  let exit: Exit | undefined;
  let endSince = Date.now();
  const exitError = (): Error => new Error(`Node-RED ended with ${exit?.code ?? exit?.signal}${logTail()}`);
  const ended = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      exit = { code, signal, ms: Date.now() - endSince };
      for (const one of all) one.fail(exitError());
      resolve(exit);
    });
  });

  const starts = newJournal<'started'>('starts of flows');
  const dones = newJournal<Done>('calls of done()');
  const answers = newJournal<Report & { kind: 'answer' }>('answers');
  const lines = newJournal<string>('lines of the log');
  const msgs = journals<FlowMsg>('msgs at');
  const statuses = journals<NodeStatus>('statuses of');
  child.on('message', (report: Report) => {
    if (report.kind === 'msg') msgs(report.probe).add(report.msg);
    if (report.kind === 'status') statuses(report.id).add(report.status);
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
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', ...headers },
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
      await starts.waitFor(before + 1, DEPLOY_MS);
    },
    async send(probe, ...msgs) {
      const id = ++requests;
      child.send({ kind: 'send', id, probe, msgs });
      const { error } = await answers.waitForOne((answer) => answer.id === id);
      if (error !== null) throw new Error(error);
    },
    probe: msgs,
    statuses,
    dones,
    clock: (change) => void child.send({ kind: 'clock', ...change }),
    disk: (trouble) => void child.send({ kind: 'disk', ...trouble }),
    async inject(id) {
      const { status } = await request('POST', `/inject/${id}`);
      if (status !== 200) throw new Error(`inject ${id}: ${status}`);
    },
    request: (method, route, body) => request(method, route, body),
    logs: () => log,
    async logged(words) {
      await lines.waitForOne(() => words.test(log));
      return words.exec(log)?.[0] ?? '';
    },
    exit: () => exit,
    stop,
  };
}

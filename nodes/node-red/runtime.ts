/** What the nodes and the routes of the editor ask of Node-RED. */
import type { Node, NodeAPI, NodeMessage } from 'node-red';
import { fieldText, type Env } from '../connector/config';
import type { Vault } from '../connector/tokens';
import { setLanguage } from '../language/language';
import { t } from '../language/text';
import type { Sources } from '../sender/externals';
import type { Evaluator } from '../sender/field-values';
import type { TlsMaterial } from '../properties/settings';
import { MailError, type Msg } from '../types';

interface TlsNode extends Node {
  valid?: boolean;
  addTLSOptions(options: object): TlsMaterial;
}

/** Lets errors and warnings be in the language in which Node-RED shows the statuses; to be called when a node is loaded. */
export function useLanguage(RED: NodeAPI): void {
  setLanguage(RED._('language'));
}

/** The node that runs under an id if it has the type, else null. */
export function findNode(RED: NodeAPI, id: string, type: string): Node | null {
  const node = RED.nodes.getNode(id) as Node | null | undefined;
  return node?.type === type ? node : null;
}

/** The environment as a node sees it; that of the process when there is no node. An empty value is as good as none. */
export function environment(RED: NodeAPI, node: Node | null): Env {
  return (name) => {
    const value: unknown = node ? RED.util.getSetting(node, name) : process.env[name];
    return value === undefined || value === null || value === '' ? undefined : fieldText(value);
  };
}

/** Where the templates of a node take values from outside the msg. */
export function externalSources(RED: NodeAPI, node: Node): Sources {
  return {
    env: (name) => RED.util.getSetting(node, name),
    context: (kind, store, key) =>
      new Promise((resolve, reject) => {
        node.context()[kind].get(key, store, (error: Error | undefined, value: unknown) => {
          if (error) reject(error);
          else resolve(value);
        });
      }),
  };
}

/**
 * Finds the values of fields that are no templates, as the core nodes do. `deadline` (ms since the epoch) ends expressions
 * that would keep Node-RED busy.
 */
export function fieldEvaluator(RED: NodeAPI, node: Node, deadline = Infinity): Evaluator {
  const { util } = RED;
  return ({ type, value }) => {
    if (type === 'jsonata') {
      const expression = util.prepareJSONataExpression(value, node);
      if (deadline !== Infinity) limitTime(expression, deadline);
      return (msg) => called((done) => util.evaluateJSONataExpression(expression, msg as NodeMessage, done));
    }
    if (type === 'msg') {
      const name = value.replace(/^msg\./, '');
      util.normalisePropertyExpression(name);
      return (msg) =>
        called((done) =>
          done(null, descend(msg, util.normalisePropertyExpression(name, msg as NodeMessage))),
        );
    }
    if (type !== 'env') util.normalisePropertyExpression(util.parseContextStore(value).key);
    return (msg) => called((done) => util.evaluateNodeProperty(value, type, node, msg as NodeMessage, done));
  };
}

function called(call: (done: (error: Error | null, value: unknown) => void) => void): Promise<unknown> {
  return new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))));
}

/** Unlike the function of Node-RED, finds nothing where it would trip over a part of the path that is missing. */
function descend(msg: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (at, name) => (at as Record<string | number, unknown> | null | undefined)?.[name],
    msg,
  );
}

/** JSONata tells of each step that it takes (its guide "Embedding and extending", as the exerciser limits time). */
function limitTime(
  expression: ReturnType<NodeAPI['util']['prepareJSONataExpression']>,
  deadline: number,
): void {
  const check = () => {
    if (Date.now() > deadline) throw new Error(t`it takes too long`);
  };
  const assign = expression.assign.bind(expression) as (name: string | symbol, value: unknown) => void;
  // The older of the two names is that of JSONata 2.0.
  assign('__evaluate_entry', check);
  assign(Symbol.for('jsonata.__evaluate_entry'), check);
}

/** What a tls-config node gives; null when none is chosen. Throws a MailError when it can not be used. */
export function tlsMaterial(RED: NodeAPI, id: string | undefined): TlsMaterial | null {
  if (!id || id === '_ADD_') return null;
  const node = findNode(RED, id, 'tls-config') as TlsNode | null;
  if (node && node.valid !== false) return node.addTLSOptions({});
  throw new MailError('CONFIG', t`tls: the tls-config node ${id} is missing, disabled or not valid`, {
    hint: t`Deploy it, choose another TLS configuration, or none.`,
  });
}

/** A warning function of a node that says each text once. */
export function warnOnce(node: Node): (text: string) => void {
  const said = new Set<string>();
  return (text) => {
    if (!said.has(text)) node.warn(text);
    said.add(text);
  };
}

/** The longest wait for the flows of a deploy, ms. */
const FLOWS_MS = 5_000;

/** What all nodes of one deploy wait for. */
let starting: Promise<void> | null = null;

/** Resolves when all nodes of the deploy under way are there, so that what is sent reaches them. */
export function flowsStarted(RED: NodeAPI): Promise<void> {
  starting ??= new Promise((resolve) => {
    const started = () => {
      clearTimeout(timer);
      RED.events.removeListener('flows:started', started);
      starting = null;
      resolve();
    };
    const timer = setTimeout(started, FLOWS_MS).unref();
    RED.events.once('flows:started', started);
  });
  return starting;
}

/**
 * Sends msgs out of the first output, the second, or both. A msg that Node-RED can not clone is the flow's affair: it is told,
 * and the mail goes its way.
 */
export function sendOut(node: Node, first: Msg | null, second: Msg | null): void {
  try {
    node.send([first, second] as NodeMessage[]);
  } catch (error) {
    node.error(t`A msg could not be handed on in the flow: ${reasonOf(error)}`);
  }
}

/** The `done` of a msg, which never throws: an error in the flow behind it would end the process. */
export function safeDone(node: Node, done: (error?: Error) => void): (error?: Error) => void {
  return (error) => {
    try {
      done(error);
    } catch (reason) {
      node.error(t`A msg could not be handed on in the flow: ${reasonOf(reason)}`);
      if (error) node.error(error.message);
    }
  };
}

/** Tells Catch nodes of an error with its msg, or the log when there is none. Never throws. */
export function tellError(node: Node, error: Error, msg?: Msg): void {
  safeDone(node, () => (msg ? node.error(error, msg as NodeMessage) : node.error(error)))(error);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Where, and with which secret, Node-RED keeps credentials, for what must be as safe as they are. */
export function credentialVault(RED: NodeAPI, warn: Vault['warn']): Vault {
  const setting = (name: string): unknown => {
    try {
      return RED.settings.get(name) as unknown;
    } catch {
      // Not there yet, or a Node-RED without a storage, as in tests of nodes.
      return undefined;
    }
  };
  return {
    userDir: RED.settings.userDir ?? '',
    secret: secretOf(setting),
    warn,
  };
}

/** As Node-RED chooses it: that of the active project, that of settings.js, or the generated one. */
function secretOf(setting: (name: string) => unknown): string | null {
  const theme = setting('editorTheme') as { projects?: { enabled?: boolean } } | undefined;
  const { activeProject, projects } = (setting('projects') ?? {}) as {
    activeProject?: string;
    projects?: Record<string, { credentialSecret?: string } | undefined>;
  };
  if (theme?.projects?.enabled && activeProject) return projects?.[activeProject]?.credentialSecret || null;
  const own = setting('credentialSecret');
  const secret = own === undefined ? setting('_credentialSecret') : own;
  return typeof secret === 'string' && secret !== '' ? secret : null;
}

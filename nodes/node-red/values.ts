/** The values that fields and templates take from Node-RED: environment, contexts, expressions. */
import type { Node, NodeAPI, NodeMessage } from 'node-red';
import { fieldText, type Env } from '../connector/config';
import { t } from '../language/text';
import type { ContextSources, Evaluator } from '../sender/field-values';

/** The environment as a node sees it; that of the process when there is no node. Empty counts as unset. */
export function environment(RED: NodeAPI, node: Node | null): Env {
  return (name) => {
    const value: unknown = node ? RED.util.getSetting(node, name) : process.env[name];
    return value === undefined || value === null || value === '' ? undefined : fieldText(value);
  };
}

/** Where the templates of a node get values that are not in the msg. */
export function contextSources(RED: NodeAPI, node: Node): ContextSources {
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

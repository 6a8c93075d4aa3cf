/** What the nodes tell the flow: msgs, errors, warnings. */
import type { Node, NodeMessage } from 'node-red';
import { t } from '../language/text';
import type { Msg } from '../types';

/** A warning function of a node that says each text once. */
export function warnOnce(node: Node): (text: string) => void {
  const said = new Set<string>();
  return (text) => {
    if (!said.has(text)) node.warn(text);
    said.add(text);
  };
}

/**
 * Sends msgs out of the first output, the second, or both. A msg that Node-RED can not clone is logged; the mail is unaffected.
 * Never throws.
 */
export function sendOut(node: Node, first: Msg | null, second: Msg | null): void {
  try {
    node.send([first, second] as NodeMessage[]);
  } catch (error) {
    node.error(t`A msg could not be handed on in the flow: ${reasonOf(error)}`);
  }
}

/** The `done` of a msg, made safe: an error that it throws comes from the flow behind it and would end the process. */
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
export function tellError(node: Node, error: Error | string, msg?: Msg): void {
  try {
    if (msg) node.error(error, msg as NodeMessage);
    else node.error(error);
  } catch (reason) {
    node.error(t`A msg could not be handed on in the flow: ${reasonOf(reason)}`);
    node.error(reasonOf(error));
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

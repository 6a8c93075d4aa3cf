/** What a deploy gives: the language, the other nodes, and the moment when all of them are there. */
import type { Node, NodeAPI } from 'node-red';
import { setLanguage } from '../language/language';
import { t } from '../language/text';
import type { TlsMaterial } from '../properties/settings';
import { MailError } from '../types';

interface TlsNode extends Node {
  valid?: boolean;
  addTLSOptions(options: object): TlsMaterial;
}

/** Sets the language of errors and warnings to that in which Node-RED shows statuses. Call it when a module of a node is loaded. */
export function useLanguage(RED: NodeAPI): void {
  setLanguage(RED._('language'));
}

/** The node that runs under an id if it has the type, else null. */
export function findNode(RED: NodeAPI, id: string, type: string): Node | null {
  const node = RED.nodes.getNode(id) as Node | null | undefined;
  return node?.type === type ? node : null;
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

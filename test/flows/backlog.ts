/** Msgs that wait in an outbox on disk: some as mails, some in a batch; and what became of them. */
import type { FaultServer } from '../servers/fault-server';
import { mailFlow, type MailFlow, type MailFlowParts } from './mail-flow';
import type { FlowNode, NodeRed } from './node-red';

/** Batches end only when somebody says so. */
const BATCH = { to: '', batchSize: 100, batchTimeout: 3600, batchBy: '{{batch}}', format: 'text' };
const TEMPLATE = '[{{topic}}]';

export const TO = 'operator@example.com';

/** The topics of the msgs that `fill` sends. */
export const ALL = ['a', 'b', 'c', 'd', 'e'];

/** The mails that they make. */
export const MAILS = 4;

/** A flow whose mails name their msgs. */
export function backlogFlow(red: NodeRed, parts: MailFlowParts): MailFlow {
  return mailFlow(red, {
    ...parts,
    connector: { outbox: 'disk', connections: 1, ...parts.connector },
    sendEmail: { template: TEMPLATE, ...BATCH, ...parts.sendEmail },
  });
}

/** Three mails that leave at once, and two events that wait for their batch. */
export async function fill(flow: MailFlow): Promise<void> {
  const urgent = ['a', 'b', 'c'].map((topic) => ({ _msgid: topic, topic, to: TO, priority: 'high' }));
  const batched = ['d', 'e'].map((topic) => ({ _msgid: topic, topic, to: TO, batch: 'x' }));
  await flow.send(...urgent, ...batched);
}

/** Waits until the node has taken all msgs that were sent before. */
export async function taken(red: NodeRed, flow: MailFlow): Promise<void> {
  const _msgid = `barrier ${red.dones.items.length}`;
  await flow.send({ _msgid, to: 'no address' });
  await red.dones.waitForOne((done) => done.msgid === _msgid);
}

/** The topics of all mails that a server accepted, in alphabetical order; it has to keep the bodies. */
export function topicsIn(server: FaultServer): string[] {
  return server.ledger.items
    .flatMap(({ body }) => [...(body?.toString('latin1') ?? '').matchAll(/^.*\[[a-z]\].*$/gm)])
    .flatMap(([line]) => [...line.matchAll(/\[([a-z])\]/g)].map(([, topic]) => topic as string))
    .sort();
}

/** The nodes with other properties for those of a type. */
export const changed = (nodes: FlowNode[], type: string, change: object): FlowNode[] =>
  nodes.map((node) => (node.type === type ? { ...node, ...change } : node));

/** The properties of a connector to this server. */
export const pointedAt = (server: { host: string; port: number }) => ({
  properties: `mail.smtp.host=${server.host}\nmail.smtp.port=${server.port}`,
});

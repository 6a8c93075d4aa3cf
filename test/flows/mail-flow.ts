/** The flow that most tests need: a connector, a send-email node, and a probe at everything that can leave it. */
import type { Journal } from '../servers/journal';
import type { FlowMsg, FlowNode, NodeRed, NodeStatus } from './node-red';

export interface MailFlowParts {
  /** Fields of the email-server-connector besides its properties. */
  connector?: Record<string, unknown>;
  /** Host and port of the mail server, as properties. */
  server: { host: string; port: number };
  /** More lines of JavaMail properties. */
  properties?: string[];
  credentials?: { username?: string; password?: string };
  /** Fields of the send-email node. */
  sendEmail?: Record<string, unknown>;
  /** Further nodes of the same tab. */
  more?: FlowNode[];
}

export interface MailFlow {
  nodes: FlowNode[];
  ids: { tab: string; connector: string; sendEmail: string; input: string };
  probes: { sent: string; failed: string; completed: string; caught: string; status: string };
  /** Sends msgs into the send-email node. */
  send: (...msgs: FlowMsg[]) => Promise<void>;
  /** First and second output. */
  sent: Journal<FlowMsg>;
  failed: Journal<FlowMsg>;
  /** What a Complete and a Catch node for the send-email node got. */
  completed: Journal<FlowMsg>;
  caught: Journal<FlowMsg>;
  statuses: Journal<NodeStatus>;
  connectorStatuses: Journal<NodeStatus>;
}

let flows = 0;

/** Eight hex digits like those of the editor, never the same in a test run. */
function newId(flow: number, index: number): string {
  return (0xf0000000 + flow * 0x100 + index).toString(16);
}

/** Makes the flow; nothing is deployed yet. */
export function mailFlow(red: NodeRed, parts: MailFlowParts): MailFlow {
  const flow = ++flows;
  let index = 0;
  const id = (): string => newId(flow, ++index);
  const ids = { tab: id(), connector: id(), sendEmail: id(), input: id() };
  const probes = { sent: id(), failed: id(), completed: id(), caught: id(), status: id() };
  const { host, port } = parts.server;
  const properties = [`mail.smtp.host=${host}`, `mail.smtp.port=${port}`, ...(parts.properties ?? [])];
  const on = (type: string, name: string, more: object): FlowNode => ({
    id: id(),
    type,
    z: ids.tab,
    name,
    ...more,
  });
  const probe = (probeId: string, name: string): FlowNode => ({
    id: probeId,
    type: 'probe',
    z: ids.tab,
    name,
    wires: [],
  });

  const nodes: FlowNode[] = [
    { id: ids.tab, type: 'tab', label: `flow ${flow}` },
    {
      id: ids.connector,
      type: 'email-server-connector',
      title: `connector ${flow}`,
      properties: properties.join('\n'),
      autostart: true,
      connections: 2,
      rateLimit: 0,
      ratePeriod: 'minute',
      outbox: 'memory',
      outboxLimit: 10000,
      retryHours: 24,
      allowInsecureAuth: false,
      tls: '',
      ...(parts.credentials && { credentials: parts.credentials }),
      ...parts.connector,
    },
    {
      id: ids.sendEmail,
      type: 'send-email',
      z: ids.tab,
      name: '',
      server: ids.connector,
      from: 'plant@example.com',
      to: 'operator@example.com',
      cc: '',
      bcc: '',
      replyTo: '',
      subject: '{{topic}}',
      template: '{{index}}: {{event}}<br>{{error}}<hr>',
      format: 'html',
      batchSize: 1,
      batchTimeout: 10,
      batchBy: '',
      attach: false,
      attachProperty: 'payload',
      attachFolder: '',
      attachMaxMb: 10,
      priority: 'normal',
      wires: [[probes.sent], [probes.failed]],
      ...parts.sendEmail,
    },
    { id: ids.input, type: 'probe-in', z: ids.tab, name: 'in', wires: [[ids.sendEmail]] },
    probe(probes.sent, 'sent'),
    probe(probes.failed, 'failed'),
    probe(probes.completed, 'completed'),
    probe(probes.caught, 'caught'),
    probe(probes.status, 'status'),
    on('complete', 'complete', { scope: [ids.sendEmail], wires: [[probes.completed]] }),
    on('catch', 'catch', { scope: [ids.sendEmail], uncaught: false, wires: [[probes.caught]] }),
    on('status', 'status', { scope: [ids.sendEmail], wires: [[probes.status]] }),
    ...(parts.more ?? []).map((node) => ({ z: ids.tab, ...node })),
  ];

  return flowIn(red, { nodes, ids, probes });
}

/** A flow as it is seen in a Node-RED, such as the next one with the same user directory. */
export function flowIn(
  red: NodeRed,
  { nodes, ids, probes }: Pick<MailFlow, 'nodes' | 'ids' | 'probes'>,
): MailFlow {
  return {
    nodes,
    ids,
    probes,
    send: (...msgs) => red.send(ids.input, ...msgs),
    sent: red.probe(probes.sent),
    failed: red.probe(probes.failed),
    completed: red.probe(probes.completed),
    caught: red.probe(probes.caught),
    statuses: red.statuses(ids.sendEmail),
    connectorStatuses: red.statuses(ids.connector),
  };
}

/** Makes the flow and deploys it in place of all others. */
export async function deployMailFlow(red: NodeRed, parts: MailFlowParts): Promise<MailFlow> {
  const flow = mailFlow(red, parts);
  await red.deploy(flow.nodes);
  return flow;
}

/** Whether a status of a connector tells of RUN with a problem; the states on the way to RUN name themselves. */
export function isProblem(status: NodeStatus): boolean {
  return status.fill === 'yellow' && !/^(STARTING|STOPPING)/.test(status.text ?? '');
}

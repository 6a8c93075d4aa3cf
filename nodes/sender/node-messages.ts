/**
 * What a send-email node makes of each msg: an event for a mail, or an order to flush, reset, start or stop; and what it does
 * with the outcome of each mail.
 */
import { resolve } from 'node:path';
import type { ConnectorState } from '../connector/connector';
import type { DeployedConnector } from '../connector/deployed-connector';
import type { Listeners, OutcomeListener } from '../connector/listeners';
import type { ConnectorUser } from '../connector/users';
import { explanation } from '../language/explanation';
import { t } from '../language/text';
import { refusedPart } from '../outbox/completion';
import { MailError, type EmailResult, type Msg, type OutgoingMail } from '../types';
import { contextValues, type ContextSources } from './field-values';
import { outcomeListener, sendOutcome, type FlowNode } from './flow-node';
import { explained, failureOf, withoutMail } from './outcome';
import { safeCopy } from './safe-copy';
import type { Samples } from './samples';
import { createSender, type Source } from './sender';
import type { SenderSetup } from './setup';
import { createStatusLine, senderStatus, type LastOutcome } from './status';

export interface NodeMessages {
  /** Takes a msg. Never throws; `done` of the source, which must not throw, is called once. */
  take(source: Source): void;
  /** Gets the outcomes of the mails of this node. */
  listener: OutcomeListener;
  /** Shows the status once more: Status nodes that were made after this one have not seen it. */
  repeatStatus(): void;
  /** Hands over what waits in batches. Never rejects. */
  close(): Promise<void>;
}

export interface NodeMessagesOptions {
  node: FlowNode;
  setup: SenderSetup;
  connector: DeployedConnector;
  listeners: Listeners;
  /** Null when the node keeps none. */
  samples: Samples | null;
  /** Where the templates get values that are not in the msg. */
  contexts: ContextSources;
  /** The value of a property of a msg; the name may be a path. */
  propertyOf: (msg: Msg, name: string) => unknown;
  /** Relative folders are taken from here, as in the core file nodes; empty: from the folder of the process. */
  workingDirectory: string;
}

const ACTIONS = ['start', 'stop', 'status'];

/** Makes a node that works, and a user of its connector until it is closed. */
export function createNodeMessages(options: NodeMessagesOptions): NodeMessages {
  const { node, connector: deployed, listeners, samples, contexts, propertyOf, workingDirectory } = options;
  const { config, message, fields, warnings } = options.setup;
  const { connector } = deployed;
  let pending = 0;
  let last: LastOutcome | null = null;
  /** Node-RED closes a connector after the nodes that use it. */
  let stateAtClose: ConnectorState | null = null;
  let lastState: ConnectorState | null = null;

  const sender = createSender({
    nodeId: node.id,
    message,
    attachFolder: config.attachFolder && resolve(workingDirectory, config.attachFolder),
    connector: () => ({ title: deployed.title, ...deployed.sender() }),
    externals: () => contextValues(message.externals, contexts),
    values: fields.read,
    files: (msg) => propertyOf(msg, config.attachProperty),
    submit,
    keepEvent: async (event) => connector.outbox().keepEvent(event),
    dropEvents: async (ids) => connector.outbox().dropEvents(ids),
    blockedUntil: () => connector.outbox().blockedUntil(),
    refuse,
    warn: (text) => node.warn(text),
    changed: showStatus,
  });

  const statusLine = createStatusLine((view) => node.status(view));
  function showStatus(): void {
    statusLine.show(() => {
      const problem = connector.problem() !== null;
      const activity = { waiting: sender.waiting(), pending, last };
      const { redirectTo } = deployed.sender().restrictions;
      const shown = { state: connector.state(), problem, view: deployed.view(), redirectTo };
      return senderStatus(shown, activity, node.translate);
    });
  }

  function emit(result: EmailResult): void {
    const { finishedAt: time, status, count, rejected } = result;
    last = refusedPart(result)
      ? { kind: 'partial', time, count: rejected.length }
      : { kind: status, time, count };
    sendOutcome(node, result);
    showStatus();
  }

  const listener = outcomeListener(node, emit);

  /** Msgs of which no mail was queued. */
  function refuse(sources: Source[], error: MailError): void {
    emit(withoutMail('failed', sources, error));
    for (const { done } of sources) done(explained(error));
  }

  function ignore(source: Source): void {
    connector.countIgnored();
    emit(withoutMail('ignored', [source]));
    source.done();
  }

  async function submit(mail: OutgoingMail, sources: Source[], eventIds: string[]): Promise<void> {
    pending += 1;
    const forget = listeners.expect(mail.id, {
      messages: mail.messages,
      finish(result, current) {
        pending -= 1;
        showStatus();
        for (const { msg, done } of sources) {
          if (result.status === 'sent') done();
          // A deploy made this node anew: errors must reach the Catch nodes of the flow that runs now.
          else if (current && current !== listener) current.onFailedMsg(failureOf(result), msg);
          else done(failureOf(result));
        }
      },
    });
    try {
      await connector.outbox().add(mail, eventIds);
    } catch (error) {
      forget();
      pending -= 1;
      throw error;
    }
    showStatus();
  }

  async function control(action: string, { msg, done }: Source): Promise<void> {
    if (msg.payload !== undefined && msg.payload !== '') node.warn(actionWithPayload(action));
    if (action === 'start') await connector.start();
    if (action === 'stop') await connector.stop();
    node.send({ ...safeCopy(msg), payload: connector.status() }, null);
    done();
  }

  async function takeWhenSettled(source: Source): Promise<void> {
    await connector.settled();
    const state = connector.state();
    // Nobody stopped the connector: it goes with this node, and the outbox keeps what still comes.
    if (state === 'RUN' || stateAtClose === 'RUN') return sender.take(source);
    if (state !== 'INIT_ERROR') return ignore(source);
    refuse([source], connector.initError() ?? new MailError('CONFIG', t`The connector can not start`));
  }

  async function handle(source: Source): Promise<void> {
    const { msg, done } = source;
    const { action } = msg;
    if (config.control && typeof action === 'string' && ACTIONS.includes(action)) {
      return control(action, source);
    }
    const early = connector.state() !== 'RUN';
    // Not before msgs that came first and wait for the start of the connector.
    if (early && (msg.flush || msg.reset)) await connector.settled();
    if (msg.flush) {
      await sender.flush();
      return done();
    }
    if (msg.reset) {
      for (const dropped of await sender.reset()) dropped.done();
      return done();
    }
    samples?.add(msg);
    // Without a wait in between, in which a later msg could overtake.
    return early ? takeWhenSettled(source) : sender.take(source);
  }

  const user: ConnectorUser = {
    node: node.object,
    handOver: () => sender.flush(),
    restore: (events) => sender.restore(events),
    connectorChanged() {
      // How the last mail ended says nothing about a connector that was stopped or started since.
      if (connector.state() !== lastState) last = null;
      lastState = connector.state();
      showStatus();
    },
  };
  for (const text of warnings) node.warn(text);
  deployed.register(user);

  return {
    take(source) {
      handle(source).catch((error: Error) => source.done(error));
    },
    listener,
    repeatStatus: () => statusLine.repeat(),
    async close() {
      stateAtClose = connector.state();
      await sender.close().catch((error: Error) => node.error(error.message));
      statusLine.close();
      deployed.deregister(user);
    },
  };
}

/** Makes a node that can not work: it says why, and each msg fails with that reason. */
export function refuseMessages(
  node: FlowNode,
  faults: readonly MailError[],
  samples: Samples | null,
): NodeMessages {
  for (const fault of faults) node.error(explanation(fault));
  const [fault = new MailError('CONFIG', t`The node is not configured`)] = faults;
  const showStatus = () =>
    node.status({ fill: 'red', shape: 'ring', text: node.translate('status.misconfigured', {}) });
  showStatus();
  return {
    take(source) {
      samples?.add(source.msg);
      sendOutcome(node, withoutMail('failed', [source], fault));
      source.done(explained(fault));
    },
    listener: outcomeListener(node, (result) => sendOutcome(node, result)),
    repeatStatus: showStatus,
    close: () => Promise.resolve(),
  };
}

function actionWithPayload(action: string): string {
  return t`msg.action is ${action}, which controls the connector: this msg is not mailed, though it has a payload.
    Switch "msg.action starts and stops the connector" off in the node if such msgs are events.`;
}

/** The flow node: msgs come in, mails are handed to the connector, outcomes go out. */
import { resolve } from 'node:path';
import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import type { ConnectorState } from './connector/connector';
import type { ConnectorNode, ConnectorUser, Pending } from './connector/node';
import { takerCame, takerLeft, type Taker } from './connector/takers';
import { sendEmailRoutes } from './editor-api/routes';
import { explanation } from './language/explanation';
import { t } from './language/text';
import { readConfig, type MailConfig } from './mail/config';
import { compileMessage, type CompiledMessage } from './mail/message';
import { refusedPart } from './outbox/result';
import {
  externalSources,
  fieldEvaluator,
  flowsStarted,
  safeDone,
  sendOut,
  tellError,
  useLanguage,
  warnOnce,
} from './node-red/runtime';
import { resolveExternals } from './sender/externals';
import { createFieldReader, type FieldReader } from './sender/field-values';
import { createSamples } from './sender/samples';
import { explained, failureOf, messageOf, withoutMail } from './sender/outcome';
import { createSender, type Source } from './sender/sender';
import { senderStatus, type LastOutcome } from './sender/status';
import type { SendEmailNode } from './sender/node';
import { createStatusLine } from './sender/status-line';
import { MailError, type EmailResult, type OutgoingMail } from './types';

interface SendEmailDef extends NodeDef, Record<string, unknown> {
  server: string;
}

const ACTIONS = ['start', 'stop', 'status'];

const init = (RED: NodeAPI): void => {
  useLanguage(RED);

  function SendEmail(this: SendEmailNode, def: SendEmailDef): void {
    RED.nodes.createNode(this, def);
    const { config, errors, warnings } = readConfig(def);
    const { message, errors: templateErrors, warnings: templateWarnings } = compileMessage(config);
    const fields = message && createFieldReader(message.typed, fieldEvaluator(RED, this));
    this.samples = config.keepSamples ? createSamples() : null;
    const connector = RED.nodes.getNode(def.server) as ConnectorNode | null | undefined;
    const faults = [...errors, ...templateErrors, ...(fields?.errors ?? [])];
    if (faults.length === 0 && !connector?.connector) faults.push(missingConnector(def.server));
    if (message && fields && connector && faults.length === 0) {
      [...warnings, ...templateWarnings.map(explanation)].forEach(warnOnce(this));
      startSending(this, connector, config, message, fields);
    } else {
      refuseAll(this, faults);
    }
  }

  /** A node that can not work: it says why, and each msg fails with that reason. */
  function refuseAll(node: SendEmailNode, faults: MailError[]): void {
    for (const fault of faults) node.error(explanation(fault));
    const showFault = () => node.status({ fill: 'red', shape: 'ring', text: RED._('status.misconfigured') });
    showFault();
    const [fault = new MailError('CONFIG', t`The node is not configured`)] = faults;
    node.on('input', (msg, _send, done) => {
      node.samples?.add(msg);
      sendOutcome(node, withoutMail('failed', [{ msg: msg, done }], fault));
      safeDone(node, done)(explained(fault));
    });
    attend(node, (result) => sendOutcome(node, result), showFault);
  }

  /** Has the node take the outcomes of its mails for as long as it is there; `started` is called when its flow is. */
  function attend(node: Node, take: (result: EmailResult) => void, started: () => void): void {
    const taker: Taker = {
      node,
      report(result, ended) {
        take(result);
        if (ended || result.status !== 'failed') return;
        // Nobody waits for the done() of msgs that an earlier process took; Catch nodes hear of them all the same.
        const error = failureOf(result);
        if (result.messages.length === 0) tellError(node, error);
        for (const msg of result.messages) tellError(node, error, msg);
      },
    };
    const flows = flowsStarted(RED);
    takerCame(taker, flows);
    // Status nodes that were made after this one have not seen its status.
    void flows.then(started);
    node.on('close', (removed: boolean, done: () => void) => {
      takerLeft(taker, removed);
      done();
    });
  }

  function startSending(
    node: SendEmailNode,
    account: ConnectorNode,
    config: MailConfig,
    message: CompiledMessage,
    fields: FieldReader,
  ): void {
    const { connector } = account;
    // As in the core file nodes: relative folders are taken from here.
    const { fileWorkingDirectory = '' } = RED.settings as { fileWorkingDirectory?: string };
    const warn = warnOnce(node);
    let pending = 0;
    let last: LastOutcome | null = null;
    /** Node-RED closes a connector after the nodes that use it. */
    let stateAtClose: ConnectorState | null = null;

    const sender = createSender({
      nodeId: node.id,
      message,
      attachFolder: config.attachFolder && resolve(fileWorkingDirectory, config.attachFolder),
      connector: () => ({ title: account.title, ...account.sender() }),
      externals: () => resolveExternals(message.externals, externalSources(RED, node)),
      values: fields.read,
      files: (msg) => RED.util.getMessageProperty(msg as NodeMessage, config.attachProperty) as unknown,
      submit,
      keepEvent: (event) => connector.keepEvent(event),
      dropEvents: (ids) => connector.dropEvents(ids),
      blockedUntil: () => connector.blockedUntil(),
      refuse,
      warn,
      changed: showStatus,
    });

    const statusLine = createStatusLine((view) => node.status(view));
    const translate = (key: string, values: Record<string, string | number>) => RED._(key, values);
    function showStatus(): void {
      statusLine.show(() => {
        const state = connector.state();
        const problem = connector.problem() !== null;
        const activity = { waiting: sender.waiting(), pending, last };
        const { redirectTo } = account.sender().restrictions;
        return senderStatus({ state, problem, view: account.view(), redirectTo }, activity, translate);
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

    async function submit(mail: OutgoingMail, sources: Source[], events: string[]): Promise<void> {
      pending += 1;
      const finish: Pending['finish'] = (result, live) => {
        pending -= 1;
        showStatus();
        for (const { msg, done } of sources) {
          if (result.status === 'sent') done();
          // A deploy made this node anew: errors must reach the Catch nodes of the flow that runs now.
          else if (live && live !== node) tellError(live, failureOf(result), msg);
          else done(failureOf(result));
        }
      };
      try {
        await account.submit(mail, { messages: mail.messages, finish }, events);
      } catch (error) {
        pending -= 1;
        throw error;
      }
      showStatus();
    }

    async function control(action: string, { msg, done }: Source): Promise<void> {
      if (action === 'start') await connector.start();
      if (action === 'stop') await connector.stop();
      sendOut(node, { ...msg, payload: connector.status() }, null);
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

    async function onMsg(source: Source): Promise<void> {
      const { msg, done } = source;
      if (config.control && ACTIONS.includes(msg.action as string)) {
        if (msg.payload !== undefined && msg.payload !== '') warn(actionWithPayload(String(msg.action)));
        return control(String(msg.action), source);
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
      node.samples?.add(msg);
      // Without a wait in between, in which a later msg could overtake.
      return early ? takeWhenSettled(source) : sender.take(source);
    }

    node.on('input', (msg, _send, done) => {
      const source = { msg: msg, done: safeDone(node, done) };
      onMsg(source).catch((error: Error) => source.done(error));
    });

    let lastState = '';
    const user: ConnectorUser = {
      node,
      handOver: () => sender.flush(),
      restore: (events) => sender.restore(events),
      connectorChanged() {
        // How the last mail ended says nothing about a connector that was stopped or started since.
        if (connector.state() !== lastState) last = null;
        lastState = connector.state();
        showStatus();
      },
    };
    attend(node, emit, () => statusLine.repeat());
    account.register(user);

    node.on('close', (_removed: boolean, done: () => void) => {
      stateAtClose = connector.state();
      sender
        .close()
        .catch((error: Error) => node.error(error.message))
        .finally(() => {
          statusLine.close();
          account.deregister(user);
          done();
        });
    });
  }

  RED.nodes.registerType('send-email', SendEmail);
  sendEmailRoutes(RED);
};

/** Sends an outcome into the flow: the mail on the first output, what of it failed on the second. */
function sendOutcome(node: Node, result: EmailResult): void {
  const sent = result.status === 'sent';
  const failed = sent ? refusedPart(result) : result;
  sendOut(node, sent ? messageOf(result) : null, failed ? messageOf(failed) : null);
}

function actionWithPayload(action: string): string {
  return t`msg.action is ${action}, which controls the connector: this msg is not mailed, though it has a payload.
    Switch "msg.action starts and stops the connector" off in the node if such msgs are events.`;
}

function missingConnector(id: string): MailError {
  const message = id
    ? t`server: there is no email-server-connector "${id}", or it is disabled`
    : t`server: there is no email-server-connector chosen, or it is disabled`;
  return new MailError('CONFIG', message, {
    hint: t`Choose a connector in the node, or enable it.`,
  });
}

export = init;

/** The flow node: msgs come in, mails are handed to the connector, outcomes go out. */
import { resolve } from 'node:path';
import type { Node, NodeAPI, NodeDef, NodeMessage } from 'node-red';
import type { ConnectorNode, ConnectorUser } from './connector/node';
import type { Pending } from './connector/users';
import { previewRoute } from './editor-api/routes';
import { readConfig } from './mail/config';
import { compileMessage } from './mail/message';
import { refusedPart } from './outbox/result';
import { resolveExternals } from './sender/externals';
import { messageOf, withoutMail } from './sender/outcome';
import { createSender, type Sender, type Source } from './sender/sender';
import { senderStatus, type LastOutcome } from './sender/status';
import { createStatusLine } from './sender/status-line';
import { MailError, type EmailResult, type Msg, type OutgoingMail } from './types';

interface SendEmailDef extends NodeDef, Record<string, unknown> {
  server: string;
}

type Send = (outputs: (Msg | null)[]) => void;

const ACTIONS = ['start', 'stop', 'status'] as const;

const init = (RED: NodeAPI): void => {
  function SendEmail(this: Node, def: SendEmailDef): void {
    RED.nodes.createNode(this, def);
    const server = RED.nodes.getNode(def.server) as ConnectorNode | null | undefined;
    const { config, errors, warnings } = readConfig(def);
    const { message, errors: templateErrors } = compileMessage(config);
    const configError =
      errors[0] ?? templateErrors[0] ?? (server?.connector ? null : missingConnector(def.server));
    // Whatever needs it runs only when there is no configuration error.
    const connectorNode = server as ConnectorNode;
    let pending = 0;
    let last: LastOutcome | null = null;
    let sender: Sender | null = null;

    const statusLine = createStatusLine((view) => this.status(view));
    const showStatus = () => {
      if (configError)
        return statusLine.show({ fill: 'red', shape: 'ring', text: RED._('status.misconfigured') });
      const { connector } = connectorNode;
      statusLine.show(
        senderStatus(
          {
            state: connector.state(),
            problem: connector.status().problem !== null,
            view: connectorNode.view(),
          },
          { waiting: sender?.waiting() ?? 0, pending, last },
          (key, values) => RED._(key, values),
        ),
      );
    };

    const warned = new Set<string>();
    const warnOnce = (text: string) => {
      if (!warned.has(text)) this.warn(text);
      warned.add(text);
    };

    /** Sends an outcome into the flow. */
    const emit = (result: EmailResult) => {
      const sent = result.status === 'sent';
      const refused = refusedPart(result);
      last = {
        kind: sent && refused ? 'partial' : result.status,
        time: result.finishedAt,
        count: sent && refused ? result.rejected.length : result.count,
      };
      const failed = sent ? refused : result;
      this.send([sent ? messageOf(result) : null, failed ? messageOf(failed) : null] as NodeMessage[]);
      showStatus();
    };

    const fail = (sources: Source[], error: MailError) => {
      const text = explained(error);
      emit(withoutMail('failed', sources, error));
      for (const { done } of sources) done(text);
    };

    const ignore = (source: Source) => {
      connectorNode.connector.countIgnored();
      emit(withoutMail('ignored', [source]));
      source.done();
    };

    const submit = async (mail: OutgoingMail, sources: Source[], events: string[]) => {
      pending += 1;
      const finish: Pending['finish'] = (result, live) => {
        pending -= 1;
        showStatus();
        for (const { msg, done } of sources) {
          if (result.status === 'sent') done();
          // A deploy made this node anew: errors must reach the Catch nodes of the flow that runs now.
          else if (live && live !== this) live.error(failureOf(result), msg as NodeMessage);
          else done(failureOf(result));
        }
      };
      try {
        await connectorNode.submit(mail, { messages: mail.messages, finish }, events);
      } catch (error) {
        pending -= 1;
        throw error;
      }
      showStatus();
    };

    const control = async (action: string, source: Source, send: Send) => {
      const { connector } = connectorNode;
      if (action === 'start') await connector.start();
      if (action === 'stop') await connector.stop();
      send([{ ...source.msg, payload: connector.status() }, null]);
      source.done();
    };

    const take = async (source: Source) => {
      const { connector } = connectorNode;
      if (connector.state() !== 'RUN') await connector.settled();
      const state = connector.state();
      if (state === 'RUN') return (sender as Sender).take(source);
      if (state !== 'INIT_ERROR') return ignore(source);
      fail([source], connector.initError() ?? new MailError('CONFIG', 'The connector can not start'));
    };

    const onMsg = async (source: Source, send: Send) => {
      if (configError) return fail([source], configError);
      const { msg, done } = source;
      if (ACTIONS.includes(msg.action as 'start')) return control(msg.action as string, source, send);
      if (msg.flush) {
        await (sender as Sender).flush();
        return done();
      }
      if (msg.reset) {
        for (const dropped of await (sender as Sender).reset()) dropped.done();
        return done();
      }
      // The usual way, without a wait in between that would let a later msg overtake.
      if (connectorNode.connector.state() === 'RUN') return (sender as Sender).take(source);
      return take(source);
    };

    this.on('input', (msg, send, done) => {
      const source: Source = { msg: msg, done };
      onMsg(source, send as Send).catch((error: Error) => done(error));
    });

    if (configError) {
      for (const error of [...errors, ...templateErrors]) this.error(explained(error).message);
      if (errors.length + templateErrors.length === 0) this.error(explained(configError).message);
      showStatus();
      return;
    }

    warnings.forEach(warnOnce);
    // As in the core file nodes: relative folders are taken from here.
    const { fileWorkingDirectory: workingFolder = '' } = RED.settings as { fileWorkingDirectory?: string };
    sender = createSender({
      nodeId: this.id,
      message: message as NonNullable<typeof message>,
      attachFolder: config.attachFolder && resolve(workingFolder, config.attachFolder),
      connector: () => ({ title: connectorNode.title, ...connectorNode.sender() }),
      externals: () =>
        resolveExternals((message as NonNullable<typeof message>).externals, {
          env: (name) => RED.util.getSetting(this, name),
          context: (kind, store, key) =>
            new Promise((resolveValue, reject) => {
              this.context()[kind].get(key, store, (error: Error | undefined, value: unknown) => {
                if (error) reject(error);
                else resolveValue(value);
              });
            }),
        }),
      files: (msg) => RED.util.getMessageProperty(msg as NodeMessage, config.attachProperty) as unknown,
      submit,
      keepEvent: (event) => connectorNode.connector.keepEvent(event),
      dropEvents: (ids) => connectorNode.connector.dropEvents(ids),
      blockedUntil: () => connectorNode.connector.blockedUntil(),
      refuse: fail,
      warn: warnOnce,
      changed: showStatus,
    });

    let lastState = '';
    const user: ConnectorUser = {
      node: this,
      handOver: () => (sender).flush(),
      restore: (events) => sender?.restore(events),
      report: emit,
      connectorChanged: () => {
        const state = connectorNode.connector.state();
        if (state !== lastState) last = null;
        lastState = state;
        showStatus();
      },
    };
    connectorNode.register(user);

    this.on('close', (_removed: boolean, done: () => void) => {
      void (sender)
        .close()
        .catch((error: Error) => this.error(error.message))
        .finally(() => {
          statusLine.close();
          connectorNode.deregister(user);
          done();
        });
    });
  }

  RED.nodes.registerType('send-email', SendEmail);
  previewRoute(RED);
};

function missingConnector(id: string): MailError {
  return new MailError(
    'CONFIG',
    `server: there is no email-server-connector ${id ? `"${id}"` : 'chosen'}, or it is disabled`,
    {
      hint: 'Choose a connector in the node, or enable it.',
    },
  );
}

/** The error with what to do about it in its message, for Catch nodes show nothing else. */
function explained(error: MailError): MailError {
  if (!error.hint || error.message.includes(error.hint)) return error;
  return new MailError(error.code, `${error.message.replace(/[.\s]*$/, '.')} ${error.hint}`, error);
}

function failureOf({ error }: EmailResult): MailError {
  return explained(new MailError(error?.code ?? 'FAILED', error?.message ?? 'The mail failed', error));
}

export = init;

/** The flow node: msgs come in, mails are handed to the connector, outcomes go out. Here it meets Node-RED. */
import type { NodeAPI, NodeDef, NodeMessage } from 'node-red';
import { listeners } from './connector/process-wide';
import { sendEmailRoutes } from './editor-api/routes';
import { flowsStarted, useLanguage } from './node-red/deploy';
import type { ConnectorNode, SendEmailNode } from './node-red/nodes';
import { safeDone, sendOut, tellError, warnOnce } from './node-red/output';
import { contextSources, fieldEvaluator } from './node-red/values';
import type { FlowNode } from './sender/flow-node';
import { createNodeMessages, refuseMessages } from './sender/node-messages';
import { createSamples } from './sender/samples';
import { readSenderSetup } from './sender/setup';

interface SendEmailDef extends NodeDef, Record<string, unknown> {
  server: string;
}

const init = (RED: NodeAPI): void => {
  useLanguage(RED);

  function SendEmail(this: SendEmailNode, def: SendEmailDef): void {
    RED.nodes.createNode(this, def);
    const node: FlowNode = {
      id: this.id,
      object: this,
      send: (first, second) => sendOut(this, first, second),
      error: (error, msg) => tellError(this, error, msg),
      warn: warnOnce(this),
      status: (view) => this.status(view),
      translate: (key, values) => RED._(key, values),
    };
    const connector = (RED.nodes.getNode(def.server) as ConnectorNode | null | undefined)?.deployed;
    const setup = readSenderSetup(def, fieldEvaluator(RED, this), connector !== undefined);
    this.samples = setup.config.keepSamples ? createSamples() : null;
    const { fileWorkingDirectory = '' } = RED.settings as { fileWorkingDirectory?: string };
    const messages =
      connector && !('faults' in setup)
        ? createNodeMessages({
            node,
            setup,
            connector,
            listeners,
            samples: this.samples,
            contexts: contextSources(RED, this),
            propertyOf: (msg, name) => RED.util.getMessageProperty(msg as NodeMessage, name) as unknown,
            workingDirectory: fileWorkingDirectory,
          })
        : refuseMessages(node, 'faults' in setup ? setup.faults : [], this.samples);

    const flows = flowsStarted(RED);
    listeners.attach(messages.listener, flows);
    void flows.then(() => messages.repeatStatus());
    this.on('input', (msg, _send, done) => messages.take({ msg: msg, done: safeDone(this, done) }));
    this.on('close', (removed: boolean, done: () => void) => {
      listeners.detach(messages.listener, removed);
      void messages.close().finally(done);
    });
  }

  RED.nodes.registerType('send-email', SendEmail);
  sendEmailRoutes(RED);
};

export = init;

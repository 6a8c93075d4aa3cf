/** The config node: gives a connector its configuration from the flow, and shows what becomes of it. Here it meets Node-RED. */
import type { NodeAPI, NodeDef } from 'node-red';
import type { ConnectorCredentials } from './connector/config';
import { deployConnector } from './connector/deployed-connector';
import { outboxes, tokenAccounts } from './connector/process-wide';
import { connectorRoutes } from './editor-api/routes';
import { flowsStarted, tlsMaterial, useLanguage } from './node-red/deploy';
import type { ConnectorNode } from './node-red/nodes';
import { warnOnce } from './node-red/output';
import { environment } from './node-red/values';
import { credentialVault } from './node-red/vault';

interface ConnectorDef extends NodeDef, Record<string, unknown> {
  title: string;
  tls?: string;
}

const init = (RED: NodeAPI): void => {
  useLanguage(RED);

  function EmailServerConnector(this: ConnectorNode, def: ConnectorDef): void {
    // The title is the name under which logs and Catch nodes know the connector.
    def.name = def.title;
    RED.nodes.createNode(this, def);
    this.users = {};
    this.deployed = deployConnector(
      {
        id: this.id,
        raw: def,
        credentials: this.credentials,
        env: environment(RED, this),
        tls: () => tlsMaterial(RED, def.tls),
        userDir: RED.settings.userDir,
        vault: credentialVault(RED, (text) => this.warn(text)),
        flows: flowsStarted(RED),
        users: this.users,
        status: (view) => this.status(view),
        error: (text) => this.error(text),
        warn: (text) => this.warn(text),
        warnOnce: warnOnce(this),
        log: (text) => this.log(text),
        debug: (text) => this.debug(text),
        logFault: (text) => RED.log.error(text),
        translate: (key) => RED._(key),
      },
      outboxes,
      tokenAccounts,
    );
    this.on('close', (removed: boolean, done: () => void) => {
      void this.deployed.close(removed).finally(done);
    });
  }

  RED.nodes.registerType<ConnectorNode, ConnectorDef, object, ConnectorCredentials>(
    'email-server-connector',
    EmailServerConnector,
    {
      credentials: {
        username: { type: 'text' },
        password: { type: 'password' },
        clientSecret: { type: 'password' },
        refreshToken: { type: 'password' },
        serviceAccountKey: { type: 'password' },
      },
    },
  );
  connectorRoutes(RED);
};

export = init;

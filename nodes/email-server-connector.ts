/** The config node: gives a connector its configuration from the flow, and shows what becomes of it. */
import type { Node, NodeAPI, NodeDef } from 'node-red';
import { readConnectorFields, type ConnectorFields, type Env } from './connector/config';
import { createConnector, type ConnectorState, type Setup } from './connector/connector';
import type { ConnectorNode, ConnectorUser, Finish } from './connector/node';
import { dropOutbox, sharedOutbox } from './connector/outboxes';
import { connectorStatus } from './connector/status';
import { MailError, type EmailResult, type OutgoingMail } from './types';
import { summary } from './smtp/explain';
import { createMask, type Mask } from './smtp/secrets';
import { readSettings, type Finding, type SmtpSettings, type TlsMaterial } from './smtp/settings';
import { createTransport } from './smtp/transport';

/** The longest time that a closing connector waits for its send-email nodes to hand over what they hold, ms. */
const HAND_OVER_MS = 1_500;

interface ConnectorDef extends NodeDef, Record<string, unknown> {
  title: string;
  tls?: string;
}

interface Credentials {
  username?: string;
  password?: string;
}

interface TlsNode extends Node {
  valid?: boolean;
  addTLSOptions(options: object): TlsMaterial;
}

/** Finishers outlive the node objects, as the outboxes do. */
const finishers = new Map<string, Finish>();

const init = (RED: NodeAPI): void => {
  function EmailServerConnector(this: ConnectorNode, def: ConnectorDef): void {
    // The title is the name under which logs and Catch nodes know the connector.
    def.name = def.title;
    RED.nodes.createNode(this, def);
    const users = new Map<string, ConnectorUser>();
    // Node-RED hands status and errors of a shared config node on to the Status and Catch nodes of these.
    this.users = {};
    const env: Env = (name) => {
      const value: unknown = RED.util.getSetting(this, name);
      return value === undefined || value === null || value === '' ? undefined : String(value as string);
    };
    let settings: SmtpSettings | null = null;
    let mask: Mask = (text) => text;
    const warned = new Set<string>();
    const warnOnce = (text: string) => {
      if (warned.has(text)) return;
      warned.add(text);
      this.warn(mask(text));
    };

    const setUp = (): Setup => {
      const { fields, errors } = readConnectorFields(def, this.credentials as Credentials, env);
      mask = createMask(fields.username, fields.password);
      const [first] = errors;
      if (first) return { error: first };
      this.title = fields.title || 'email-server-connector';
      const tls = tlsMaterial();
      if (tls instanceof MailError) return { error: tls };
      const found = readSettings({
        properties: fields.properties,
        username: fields.username,
        password: fields.password,
        env,
        allowInsecureAuth: fields.allowInsecureAuth,
        tlsNode: tls,
      });
      for (const finding of found.warnings) warnOnce(describe(finding));
      if (!found.settings) return { error: configurationError(found.errors) };
      if (fields.outbox === 'disk') warnOnce(RED._('warn.diskNotYet'));
      settings = found.settings;
      return {
        connect: () =>
          createTransport({
            settings: found.settings as SmtpSettings,
            connections: fields.connections,
            mask,
            debug: (line) => this.debug(line),
          }),
        policy: policyOf(fields),
        summary: summary(found.settings),
      };
    };

    const tlsMaterial = (): TlsMaterial | MailError | null => {
      if (!def.tls) return null;
      const node = RED.nodes.getNode(def.tls) as TlsNode | null;
      if (!node || node.valid === false) {
        return new MailError(
          'CONFIG',
          `tls: the tls-config node ${def.tls} is missing, disabled or not valid`,
          {
            hint: 'Choose another TLS configuration in the connector, or none.',
          },
        );
      }
      return node.addTLSOptions({});
    };

    const report = (result: EmailResult, mail: OutgoingMail) => {
      if (result.error) this.connector.noteError(result.error);
      const finish = finishers.get(mail.id);
      finishers.delete(mail.id);
      const user = users.get(mail.nodeId);
      user?.report(result);
      if (!user && result.error) {
        this.error(
          mask(`${mail.subject}: ${result.error.message} (its send-email node ${mail.nodeId} is gone)`),
        );
      }
      finish?.(result, user?.node);
    };

    const showStatus = () => {
      this.status(this.view());
      for (const user of users.values()) user.connectorChanged();
    };

    const changed = (state: ConnectorState) => {
      const error = state === 'INIT_ERROR' ? this.connector.initError() : null;
      if (error) this.error(mask(`${error.message}${error.hint ? ` ${error.hint}` : ''}`));
      showStatus();
    };

    let problemSince = 0;
    const outboxChanged = () => {
      const problem = this.connector.status().problem;
      if ((problem?.since ?? 0) === problemSince) return;
      problemSince = problem?.since ?? 0;
      if (problem) {
        this.connector.noteError(problem.error);
        this.warn(mask(`${problem.error.message}${problem.error.hint ? ` ${problem.error.hint}` : ''}`));
      } else this.log(RED._('log.recovered'));
      showStatus();
    };

    const handOver = async () => {
      const all = Promise.allSettled([...users.values()].map((user) => user.handOver()));
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, HAND_OVER_MS)));
      await Promise.race([all, late]);
      clearTimeout(timer);
    };

    const { fields } = readConnectorFields(def, this.credentials as Credentials, env);
    this.title = fields.title || 'email-server-connector';
    this.connector = createConnector({
      openOutbox: () =>
        sharedOutbox(this.id, policyOf(fields), {
          report,
          changed: outboxChanged,
          trouble: (error) => this.error(mask(String((error as Error).message))),
        }),
      setUp,
      changed,
      handOver,
    });
    this.sender = () => ({
      mailFrom: settings?.defaultFrom ?? null,
      username: settings?.auth?.user ?? fields.username,
    });
    this.view = () =>
      connectorStatus(
        this.connector.state(),
        this.connector.status().problem,
        this.connector.initError(),
        mask,
      );
    this.submit = async (mail, finish) => {
      finishers.set(mail.id, finish);
      try {
        await this.connector.submit(mail);
      } catch (error) {
        finishers.delete(mail.id);
        throw error;
      }
    };
    this.register = (user) => {
      users.set(user.node.id, user);
      this.users[user.node.id] = user.node;
      user.connectorChanged();
    };
    this.deregister = (user) => {
      if (users.get(user.node.id) !== user) return;
      users.delete(user.node.id);
      delete this.users[user.node.id];
    };

    if (fields.autostart) void this.connector.start();
    else showStatus();

    this.on('close', (removed: boolean, done: () => void) => {
      void this.connector
        .stop()
        .then(() =>
          removed
            ? dropOutbox(
                this.id,
                new MailError('DELETED', `The connector ${this.title} was deleted with this mail waiting`),
              )
            : undefined,
        )
        .catch((error: Error) => this.error(mask(error.message)))
        .finally(done);
    });
  }

  RED.nodes.registerType<ConnectorNode, ConnectorDef, object, Credentials>(
    'email-server-connector',
    EmailServerConnector as (this: ConnectorNode, def: ConnectorDef) => void,
    { credentials: { username: { type: 'text' }, password: { type: 'password' } } },
  );
};

function policyOf(fields: ConnectorFields) {
  return {
    connections: fields.connections,
    limit: fields.outboxLimit,
    retryFor: fields.retryHours * 3_600_000,
    rate: fields.rate,
  };
}

function describe({ line, message }: Finding): string {
  return line === null ? message : `line ${line}: ${message}`;
}

function configurationError(findings: Finding[]): MailError {
  return new MailError('CONFIG', findings.map(describe).join('; '));
}

export = init;

/** The config node: gives a connector its configuration from the flow, and shows what becomes of it. */
import type { NodeAPI, NodeDef } from 'node-red';
import { readConnectorFields, type ConnectorCredentials } from './connector/config';
import { createConnector, type ConnectorState } from './connector/connector';
import type { ConnectorNode } from './connector/node';
import {
  dropOutbox,
  orphanedEvents,
  outboxFolder,
  sharedOutbox,
  type SharedOutbox,
} from './connector/outboxes';
import { readSetup } from './connector/setup';
import { connectorStatus } from './connector/status';
import { dropTokens, tokensOf } from './connector/tokens';
import type { TokenAccount } from './connector/login';
import { connectorRoutes } from './editor-api/routes';
import { createUsers, expectOutcome, forgetOutcome, liveMessages } from './connector/users';
import { explanation } from './language/explanation';
import { t } from './language/text';
import { mailName } from './store/mail-name';
import {
  credentialVault,
  environment,
  flowsStarted,
  tlsMaterial,
  useLanguage,
  warnOnce,
} from './node-red/runtime';
import { MailError, type ErrorSummary, type OutgoingMail, type Problem } from './types';
import type { Mask } from './properties/mask';
import type { SmtpSettings } from './properties/settings';

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
    const users = createUsers(this.users);
    const credentials = this.credentials as ConnectorCredentials;
    const env = environment(RED, this);
    const vault = credentialVault(RED, (text) => this.warn(text));
    let settings: SmtpSettings | null = null;
    let mask: Mask = (text) => text;
    let shared: SharedOutbox | null = null;
    let { fields } = readConnectorFields(def, credentials, env);
    const warn = warnOnce(this);
    const setUp = () => {
      const debug = (line: string) => this.debug(line);
      const tls = () => tlsMaterial(RED, def.tls);
      const told = (text: string) => warn(mask(text));
      const tokens = (account: TokenAccount) => tokensOf(this.id, vault, account);
      const result = readSetup({ raw: def, credentials, env, tls, debug, warn: told, tokens });
      ({ fields, settings, mask } = result);
      this.title = fields.title || 'email-server-connector';
      result.warnings.forEach((text) => warn(mask(text)));
      return result.setup;
    };

    const showStatus = () => {
      this.status(this.view());
      for (const user of users.all()) user.connectorChanged();
    };

    const changed = (state: ConnectorState) => {
      const error = state === 'INIT_ERROR' ? this.connector.initError() : null;
      if (error) this.error(mask(explanation(error)));
      showStatus();
    };

    let shown: Problem | null = null;
    let sentBefore = 0;
    const outboxChanged = () => {
      const problem = this.connector.problem();
      if (problem?.nextAttempt !== shown?.nextAttempt) showStatus();
      const known = problem?.since === shown?.since;
      shown = problem;
      if (known) return;
      const { sent } = this.connector.status().counts;
      if (problem) {
        this.connector.noteError(problem.error);
        this.warn(mask(explanation(problem.error)));
      } else if (sent > sentBefore) {
        // A problem also goes when no mail is left that could tell of it.
        this.log(RED._('log.recovered'));
      }
      sentBefore = sent;
    };

    /** Gives each send-email node the events that waited in its batches when the last process ended. */
    const giveBack = () => {
      if (!shared) return;
      const left = shared.leftEvents;
      shared.leftEvents = left.filter(({ nodeId }) => !users.get(nodeId));
      for (const user of users.all()) user.restore(left.filter(({ nodeId }) => nodeId === user.node.id));
    };

    const flows = flowsStarted(RED);
    // Status nodes are made after this one: they have not seen its status.
    void flows.then(() => this.status(this.view()));
    this.title = fields.title || 'email-server-connector';
    this.connector = createConnector({
      setUp,
      ready: flows,
      openOutbox: async (policy) => {
        // Only the test helper of Node-RED has no user directory.
        const { userDir } = RED.settings;
        const place = {
          kind: userDir ? fields.outbox : 'memory',
          folder: outboxFolder(userDir ?? '', this.id),
        } as const;
        const listener = {
          report: (...outcome: Parameters<typeof users.report>) => {
            const [{ error }, mail] = outcome;
            if (error) this.connector.noteError(error);
            if (users.report(...outcome) || !error) return;
            const [name, nodeId] = [mailName(mail), mail.nodeId];
            this.error(mask(t`${name}: ${error.message} (its send-email node ${nodeId} is gone)`));
          },
          deferred: (mail: OutgoingMail, error: ErrorSummary, attempts: number) => {
            this.connector.noteError(error);
            const name = mailName(mail);
            const text = mask(t`The mail "${name}" waits for its next attempt: ${explanation(error)}`);
            if (attempts === 1) this.warn(text);
            else this.log(text);
          },
          changed: outboxChanged,
          trouble: (error: unknown) => this.error(mask(String((error as Error).message))),
          liveMessages,
        };
        shared = await sharedOutbox(this.id, place, policy, listener, (text) => this.warn(text));
        return shared.outbox;
      },
      changed: (state) => {
        changed(state);
        if (state !== 'RUN') return;
        giveBack();
        // All nodes of the flows are there when a connector starts.
        const orphaned = shared && orphanedEvents(shared);
        if (orphaned) warn(orphaned);
      },
      trouble: (error) => RED.log.error(`[email-server-connector] ${mask(String((error as Error).stack))}`),
      handOver: () => users.handOver(),
    });
    this.sender = () => ({
      mailFrom: settings?.defaultFrom ?? null,
      username: settings?.auth?.user ?? fields.username,
      restrictions: fields.restrictions,
    });
    this.view = () => {
      const { connector } = this;
      const { redirectTo } = fields.restrictions;
      return connectorStatus(connector.state(), connector.problem(), connector.initError(), mask, redirectTo);
    };
    this.submit = async (mail, msgs, events) => {
      expectOutcome(mail.id, msgs);
      try {
        await this.connector.submit(mail, events);
      } catch (error) {
        forgetOutcome(mail.id);
        throw error;
      }
    };
    this.register = (user) => {
      users.add(user);
      user.connectorChanged();
      giveBack();
    };
    this.deregister = (user) => users.remove(user);

    if (fields.autostart) void this.connector.start();
    else showStatus();

    const leave = async (removed: boolean) => {
      await this.connector.stop();
      if (!removed) return;
      const text = t`The connector ${this.title} was deleted with this mail waiting`;
      await dropTokens(this.id, vault);
      const left = await dropOutbox(this.id, new MailError('DELETED', text));
      if (left) this.warn(left);
    };
    this.on('close', (removed: boolean, done: () => void) => {
      leave(removed)
        .catch((error: Error) => this.error(mask(error.message)))
        .finally(done);
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

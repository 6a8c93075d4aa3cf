/** A connector as a deploy made it: its configuration, what it shows and logs, and the send-email nodes that use it. */
import { explanation } from '../language/explanation';
import { t } from '../language/text';
import type { Restrictions } from '../mail/recipients/restrictions';
import { mailName } from '../store/mail-name';
import type { OutboxEvents } from '../outbox/outbox';
import type { TlsMaterial } from '../properties/settings';
import { MailError, type Problem } from '../types';
import { readConnectorFields, type ConnectorCredentials, type Env } from './config';
import { createConnector, type Connector, type ConnectorState } from './connector';
import type { TokenAccount } from './login';
import { orphanedEvents, outboxFolder, type Outboxes, type SharedOutbox } from './outboxes';
import { readSetup, type SetupResult } from './setup';
import { connectorStatus, type StatusView } from './status';
import type { TokenAccounts, Vault } from './tokens';
import { createUsers, type ConnectorUser, type NodeObject } from './users';

/** The node of a connector, and what it asks of Node-RED. */
export interface ConnectorHost {
  id: string;
  /** The fields of the node as the flow has them. */
  raw: Record<string, unknown>;
  credentials: ConnectorCredentials;
  env: Env;
  /** What the chosen tls-config node gives, null when none is chosen; throws a MailError when it can not be used. */
  tls: () => TlsMaterial | null;
  /** The user directory; only the test helper of Node-RED has none. */
  userDir: string | undefined;
  /** Where the secrets of a connector are kept. */
  vault: Vault;
  /** Resolves when all nodes of the deploy under way are there. */
  flows: Promise<void>;
  /** Where Node-RED looks for the users of a config node. */
  users: Record<string, NodeObject>;
  status: (view: StatusView) => void;
  error: (text: string) => void;
  warn: (text: string) => void;
  /** Logs each text once. */
  warnOnce: (text: string) => void;
  log: (text: string) => void;
  debug: (text: string) => void;
  /** Logs what must not happen, without the node. */
  logFault: (text: string) => void;
  /** The text of a key of the node's catalogue. */
  translate: (key: string) => string;
}

/** What a send-email node and the routes of the editor see of a connector. */
export interface DeployedConnector {
  readonly title: string;
  readonly connector: Connector;
  /** The sender of mails that name none (`mail.from`, and the username), and who may get mails. */
  sender(): { mailFrom: string | null; username: string; restrictions: Restrictions };
  /** What the connector shows now. */
  view(): StatusView;
  register(user: ConnectorUser): void;
  deregister(user: ConnectorUser): void;
  /** Stops it; `removed` says that the flow has it no more. Never rejects. */
  close(removed: boolean): Promise<void>;
}

/**
 * Makes a connector and starts it, unless its fields say otherwise; its outbox is one of `outboxes`, its tokens are among those
 * of `accounts`. Never throws.
 */
export function deployConnector(
  host: ConnectorHost,
  outboxes: Outboxes,
  accounts: TokenAccounts,
): DeployedConnector {
  const { raw, credentials, env } = host;
  const users = createUsers(host.users);
  /** As at the last start. */
  let setup: Pick<SetupResult, 'fields' | 'settings' | 'mask'> = {
    fields: readConnectorFields(raw, credentials, env).fields,
    settings: null,
    mask: (text) => text,
  };
  const masked = (text: string) => setup.mask(text);
  const warnOnce = (text: string) => host.warnOnce(masked(text));
  let shared: SharedOutbox | null = null;

  const connector = createConnector({
    plan() {
      const { tls, debug, vault } = host;
      const tokens = (account: TokenAccount) => accounts.open(host.id, vault, account);
      const read = readSetup({ raw, credentials, env, tls, debug, warn: warnOnce, tokens });
      setup = read;
      read.warnings.forEach(warnOnce);
      return read.plan;
    },
    ready: host.flows,
    async openOutbox(policy) {
      const kind = host.userDir ? setup.fields.outbox : 'memory';
      const location = { kind, folder: outboxFolder(host.userDir ?? '', host.id) };
      shared = await outboxes.open(host.id, { location, policy, events, warn: host.warn });
      return shared.outbox;
    },
    changed: stateChanged,
    onError: (error) => host.logFault(`[email-server-connector] ${masked(String((error as Error).stack))}`),
    handOver: () => users.handOver(),
  });

  const events: OutboxEvents = {
    failed(mail, error, told) {
      connector.noteError(error);
      if (told) return;
      const [name, nodeId] = [mailName(mail), mail.nodeId];
      host.error(masked(t`${name}: ${error.message} (its send-email node ${nodeId} is gone)`));
    },
    deferred(mail, error, attempts) {
      connector.noteError(error);
      const name = mailName(mail);
      const text = masked(t`The mail "${name}" waits for its next attempt: ${explanation(error)}`);
      if (attempts === 1) host.warn(text);
      else host.log(text);
    },
    changed: problemChanged,
    onError: (error) => host.error(masked(String((error as Error).message))),
  };

  function view(): StatusView {
    const { redirectTo } = setup.fields.restrictions;
    return connectorStatus(connector.state(), connector.problem(), connector.initError(), masked, redirectTo);
  }

  function showStatus(): void {
    host.status(view());
    for (const user of users.all()) user.connectorChanged();
  }

  function stateChanged(state: ConnectorState): void {
    const error = state === 'INIT_ERROR' ? connector.initError() : null;
    if (error) host.error(masked(explanation(error)));
    showStatus();
    if (state !== 'RUN') return;
    restoreEvents();
    // All nodes of the flows are there when a connector starts.
    const orphaned = shared && orphanedEvents(shared);
    if (orphaned) warnOnce(orphaned);
  }

  let shown: Problem | null = null;
  let sentBefore = 0;

  /** Logs an outage once when it begins and once when it is over. */
  function problemChanged(): void {
    const problem = connector.problem();
    if (problem?.nextAttempt !== shown?.nextAttempt) showStatus();
    const known = problem?.since === shown?.since;
    shown = problem;
    if (known) return;
    const { sent } = connector.status().counts;
    if (problem) {
      connector.noteError(problem.error);
      host.warn(masked(explanation(problem.error)));
    } else if (sent > sentBefore) {
      // A problem also goes when no mail is left that could tell of it.
      host.log(host.translate('log.recovered'));
    }
    sentBefore = sent;
  }

  /** Gives each send-email node the events that waited in its batches when the last process ended. */
  function restoreEvents(): void {
    if (shared) shared.leftEvents = users.restore(shared.leftEvents);
  }

  // Status nodes are made after this one: they have not seen its status.
  void host.flows.then(() => host.status(view()));

  const deployed: DeployedConnector = {
    get title() {
      return setup.fields.title || 'email-server-connector';
    },
    connector,
    sender: () => ({
      mailFrom: setup.settings?.defaultFrom ?? null,
      username: setup.settings?.auth?.user ?? setup.fields.username,
      restrictions: setup.fields.restrictions,
    }),
    view,
    register(user) {
      users.add(user);
      user.connectorChanged();
      restoreEvents();
    },
    deregister: (user) => users.remove(user),
    async close(removed) {
      try {
        await connector.stop();
        if (!removed) return;
        const reason = t`The connector ${deployed.title} was deleted with this mail waiting`;
        const left = await outboxes.drop(host.id, new MailError('DELETED', reason));
        if (left) host.warn(left);
        await accounts.drop(host.id, host.vault);
      } catch (error) {
        host.error(masked((error as Error).message));
      }
    },
  };

  if (setup.fields.autostart) void connector.start();
  else showStatus();
  return deployed;
}

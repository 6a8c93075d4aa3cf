/** From what a flow says of a connector to what it can work with. */
import { t } from '../language/text';
import { redirectWarning } from '../mail/recipients/restrictions';
import type { Policy } from '../outbox/outbox';
import { summary } from '../properties/summary';
import { createMask, type Mask } from '../properties/mask';
import { readSettings, type Finding, type SmtpSettings, type TlsMaterial } from '../properties/settings';
import { createTransport } from '../smtp/transport';
import { MailError } from '../types';
import { readConnectorFields, type ConnectorFields, type Env } from './config';
import type { StartPlan } from './connector';

export interface SetupInput {
  /** The fields of the node as the flow has them. */
  raw: Record<string, unknown>;
  credentials: { username?: string; password?: string };
  env: Env;
  /** What the chosen tls-config node gives, null when none is chosen; throws a MailError when it can not be used. */
  tls: () => TlsMaterial | null;
  /** Gets the lines of the `mail.debug` transcript. */
  debug: (line: string) => void;
  /** Gets warnings of the connections. */
  warn: (text: string) => void;
}

export interface SetupResult {
  plan: StartPlan;
  fields: ConnectorFields;
  /** Null when the configuration can not work. */
  settings: SmtpSettings | null;
  warnings: string[];
  mask: Mask;
}

/** Reads a configuration and says how to connect with it, or why that can not work. Never throws. */
export function readSetup({ raw, credentials, env, tls, debug, warn }: SetupInput): SetupResult {
  const { fields, errors } = readConnectorFields(raw, credentials, env);
  const mask = createMask(fields.username, fields.password);
  const failed = (error: MailError, warnings: string[] = []): SetupResult => ({
    plan: { error },
    fields,
    settings: null,
    warnings,
    mask,
  });
  const [first] = errors;
  if (first) return failed(first);
  let material: TlsMaterial | null;
  try {
    material = tls();
  } catch (error) {
    return failed(error as MailError);
  }
  const { properties, username, password, allowInsecureAuth, connections } = fields;
  const found = readSettings({ properties, username, password, env, allowInsecureAuth, tlsNode: material });
  const { redirectTo } = fields.restrictions;
  const warnings = [...found.warnings.map(describe), ...(redirectTo ? [redirectWarning(redirectTo)] : [])];
  const { settings } = found;
  if (!settings) return failed(new MailError('CONFIG', found.errors.map(describe).join('; ')), warnings);
  return {
    plan: {
      connect: () => createTransport({ settings, connections, mask, debug, warn }),
      policy: policyOf(fields),
      summary: summary(settings),
    },
    fields,
    settings,
    warnings,
    mask,
  };
}

function policyOf({ connections, outboxLimit, retryHours, rate }: ConnectorFields): Policy {
  return { connections, limit: outboxLimit, retryFor: retryHours * 3_600_000, rate };
}

function describe({ line, message }: Finding): string {
  return line === null ? message : t`line ${line}: ${message}`;
}

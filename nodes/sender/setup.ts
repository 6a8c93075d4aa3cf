/** From what a flow says of a send-email node to what it can work with. */
import { explanation } from '../language/explanation';
import { t } from '../language/text';
import { readConfig, type MailConfig } from '../mail/config';
import { compileMessage, type CompiledMessage } from '../mail/message';
import { MailError } from '../types';
import { createFieldReader, type Evaluator, type FieldReader } from './field-values';

export interface SenderSetup {
  config: MailConfig;
  message: CompiledMessage;
  fields: FieldReader;
  warnings: string[];
}

export interface Misconfigured {
  config: MailConfig;
  /** Why the node can not work, one reason at least. */
  faults: MailError[];
}

/** Reads the fields of a node as the flow has them. `hasConnector` says whether the chosen connector runs. Never throws. */
export function readSenderSetup(
  raw: Record<string, unknown> & { server: string },
  evaluator: Evaluator,
  hasConnector: boolean,
): SenderSetup | Misconfigured {
  const { config, errors, warnings } = readConfig(raw);
  const compiled = compileMessage(config);
  const { message } = compiled;
  const fields = message && createFieldReader(message.typed, evaluator);
  const faults = [...errors, ...compiled.errors, ...(fields?.errors ?? [])];
  if (faults.length === 0 && !hasConnector) faults.push(missingConnector(raw.server));
  if (message && fields && faults.length === 0) {
    return { config, message, fields, warnings: [...warnings, ...compiled.warnings.map(explanation)] };
  }
  return { config, faults };
}

function missingConnector(id: string): MailError {
  const message = id
    ? t`server: there is no email-server-connector "${id}", or it is disabled`
    : t`server: there is no email-server-connector chosen, or it is disabled`;
  return new MailError('CONFIG', message, {
    hint: t`Choose a connector in the node, or enable it.`,
  });
}

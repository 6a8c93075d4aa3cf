/** The mail that the events of a batch make. */
import { t } from '../language/text';
import { compose, newMailId, newMessageId } from '../mail/compose';
import { buildContent } from '../mail/content';
import type { CompiledMessage, MailEvent } from '../mail/message';
import { checkAllowed, redirected, UNRESTRICTED } from '../mail/recipients/restrictions';
import { MailError, type OutgoingMail } from '../types';
import type { SendingAs } from './incoming';

export interface OutgoingOptions {
  nodeId: string;
  message: CompiledMessage;
  connector: () => SendingAs;
  warn: (text: string) => void;
}

/** Makes a function that composes a mail; throws when that is not possible, see `asMailError`. */
export function createOutgoing({ nodeId, message, connector, warn }: OutgoingOptions) {
  return (events: MailEvent[], recovered: boolean): OutgoingMail => {
    const now = Date.now();
    const { title, restrictions } = connector();
    const made = buildContent(message, events, { connector: title, now });
    // Events that an earlier process kept were checked by the rules of then.
    checkAllowed(made, restrictions ?? UNRESTRICTED);
    const content = restrictions?.redirectTo ? redirected(made, restrictions.redirectTo) : made;
    for (const name of made.missing) {
      warn(
        t`The template has {{${name}}}, which no msg of the mail has: it stays empty. Check how it is written.`,
      );
    }
    const composed = compose(content, {
      messageId: newMessageId(content.from.address),
      date: now,
      offset: message.formats.offset(now),
    });
    return {
      id: newMailId(now),
      nodeId,
      ...composed,
      queuedAt: now,
      count: events.length,
      messages: events.map(({ msg }) => msg),
      recovered,
    };
  };
}

/** Whatever was thrown while a mail was made, as the error of its msgs. */
export function asMailError(error: unknown): MailError {
  if (error instanceof MailError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new MailError('CONTENT', t`The mail could not be composed: ${text}`, {
    hint: t`Check the template and the msg.`,
    cause: error,
  });
}

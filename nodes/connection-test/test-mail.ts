/** The mail that a connection test sends, and who it is from. */
import { t } from '../language/text';
import { parseOne, type Address } from '../mail/recipients/addresses';
import { compose, newMessageId, type ComposedMail } from '../mail/compose';
import { createFormats } from '../mail/template/formats';
import type { SmtpSettings } from '../properties/settings';
import { MailError } from '../types';

/** The sender of mails that name none, as send-email takes it; null when there is none. */
export function defaultSender({ defaultFrom, auth }: SmtpSettings, username: string): Address | null {
  if (defaultFrom !== null) return parseOne('mail.from', defaultFrom);
  const name = auth?.user ?? username;
  if (!name.includes('@')) return null;
  try {
    return parseOne('username', name);
  } catch {
    // Some servers have usernames that look like addresses and are none.
    return null;
  }
}

/** Composes the mail. Throws MailError NO_SENDER. */
export function composeTestMail(about: {
  title: string;
  server: string;
  from: Address | null;
  to: Address;
  now: number;
}): ComposedMail {
  const { title, server, from, to, now } = about;
  if (from === null) {
    throw new MailError(
      'NO_SENDER',
      t`The test mail has no sender: mail.from is not set and the username is no e-mail address`,
      { hint: t`Set mail.from in the properties of the connector.` },
    );
  }
  const text = [
    t`The connector "${title}" can send: this is its test mail.`,
    '',
    t`Mail server: ${server}`,
    t`Time: ${createFormats('').iso(now)}`,
    '',
  ].join('\n');
  const content = {
    from,
    to: [to],
    cc: [],
    bcc: [],
    replyTo: [],
    subject: t`Test mail of ${title}`,
    text,
    attachments: [],
    skippedAttachments: [],
    headers: [],
    priority: 'normal' as const,
  };
  return compose(content, { messageId: newMessageId(from.address), date: now });
}

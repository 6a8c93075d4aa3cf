/**
 * How many recipients the server takes in one mail, found out from its refusals and its EHLO. Those that are too many get the
 * mail in further transactions (RFC 5321 section 4.5.3.1.10).
 */
import { readSigns } from '../failures/signs';

/** A limit on time is no limit on one mail: the next transaction would be refused as well. */
const IN_TIME = /\b(?:per|this|in an?|last|past|next) (?:second|minute|hour|day)\b|hourly|daily|\brate\b/i;

/** RFC 3463 X.5.3 where it is about recipients, and the words of servers that say it without (Exchange, Exim, Gmail, Sendmail). */
const WORDS =
  /too many recipients|multiple destination domains|recipient (?:count|limit)s?\b.{0,20}(?:exceed|reach)|max(?:imum)?\b.{0,30}\brecipients?\b.{0,20}(?:exceed|reach)|recipients?\b.{0,20}(?:exceeds?|exceeded|over)\b.{0,20}(?:max|limit)|\bRecipLimit\b/i;

/** True when a refusal, of a recipient or of the mail, says that there are too many recipients. */
export function isTooManyRecipients(error: unknown): boolean {
  const { refused, replyCode, command, enhanced, text } = readSigns(error);
  // A server that ends the connection with its refusal: nodemailer does not say at which command.
  const about = ['RCPT TO', 'DATA'].includes(command) || replyCode === 421;
  if (!refused || !about || IN_TIME.test(text)) return false;
  return /^[45]\.5\.3$/.test(enhanced) || WORDS.test(text);
}

/** Of the recipients of an attempt, those that one transaction may have, and those that wait for the next one. */
export interface Parts {
  asked: string[];
  rest: string[];
  /** Recipients whose address this server can not be told. */
  foreign?: string[];
}

/** The number in a refusal such as `Recipient count exceeds 50`; 0 without one. */
export function saidLimit(error: unknown): number {
  const { text } = readSigns(error);
  return Number(/(?:exceeds?|limit|max(?:imum)?)\D{1,20}\b(\d{1,5})\b/i.exec(text.slice(4))?.[1] ?? 0);
}

export interface RecipientLimit {
  split(recipients: string[]): Parts;
  /** Of `asked` recipients the server took so many, and said that the others are too many; or none, and perhaps its limit. */
  exceeded(asked: number, taken: number, said?: number): void;
  /** Reads the LIMITS of an EHLO (RFC 9422). */
  readEhlo(lines: readonly string[]): void;
}

export function createRecipientLimit(): RecipientLimit {
  let most = Infinity;
  return {
    split: (recipients) => ({ asked: recipients.slice(0, most), rest: recipients.slice(most) }),
    exceeded(asked, taken, said = 0) {
      // Without a number, half as many come nearer to it each time; and fewer than were refused in any case.
      const fewer = said > 0 && said < asked ? said : Math.floor(asked / 2);
      most = Math.max(1, Math.min(most, taken || fewer));
    },
    readEhlo(lines) {
      const limits = lines.find((line) => /^LIMITS /i.test(line)) ?? '';
      const said = Number(/ RCPTMAX=(\d{1,6})\b/i.exec(limits)?.[1] ?? 0);
      if (said > 0) most = Math.min(most, said);
    },
  };
}

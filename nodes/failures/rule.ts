/**
 * What a rule about failures is: conditions on the signs of an error, and what follows when all of them hold.
 */
import type { FailureScope } from '../types';
import { FIRST_GREYLIST, GREYLIST } from './waits';

type OneOf<T> = T | readonly T[];

/** All that are given must hold; a list holds when the value is one of its items. */
export interface Conditions {
  code?: OneOf<string>;
  original?: OneOf<string> | RegExp;
  timeout?: OneOf<string>;
  /** Reply codes, or classes of them in the words of RFC 5321. */
  reply?: OneOf<number | '4yz' | '5yz'>;
  /** The server did not say no: no reply at all, or one that makes no sense here. */
  noReply?: true;
  enhanced?: OneOf<string>;
  command?: OneOf<string>;
  /** The server's words, else the error's. */
  text?: RegExp;
  /** The connection had carried another mail before. */
  reused?: true;
  /** No login was made, and no recipient was taken without one. */
  anonymous?: true;
  /** The port is one for submission, or the server offers a login. */
  submission?: true;
  /** The account logs in with an access token. */
  token?: true;
}

/** What the conditions look at besides the signs of an error. */
export type Situation = Partial<Record<'reused' | 'anonymous' | 'submission' | 'token', boolean>>;

/** Who has to wait, how long at least, and our own code, see MailError. */
export type Verdict = { code: string; minWait: number; firstWaits?: readonly number[] } & (
  | { scope: 'message'; permanent: boolean }
  // An account failure must not cost a mail.
  | { scope: Exclude<FailureScope, 'message'>; permanent: false }
);

/** A failure as a verdict and as words, which are marked for translation. */
export interface Meaning {
  then: Verdict;
  what: string;
  /** The mail is tried again, which is said before the hint. */
  retried?: true;
  hint?: string;
}

/**
 * What meets the rule, as it was seen: a reply behind the command that it answers (`CONN` for the greeting, `dot` for
 * the end of a message), else what nodemailer's error says.
 */
export type Example =
  string | { code?: string; originalCode?: string; timeoutType?: string; command?: string; message: string };

export interface Rule extends Meaning {
  example: Example;
  when: Conditions;
}

/** Every mail of the connector waits. */
export const account = (code: string, minWait = 0): Verdict => ({
  scope: 'account',
  permanent: false,
  minWait,
  code,
});

/** This mail, or this recipient, waits. */
export const message = (code: string, minWait = 0): Verdict => ({
  scope: 'message',
  permanent: false,
  minWait,
  code,
});

/** This recipient, or this sender, waits: at first shortly. */
export const greylisted = (code: string): Verdict => ({
  ...message(code, GREYLIST),
  firstWaits: FIRST_GREYLIST,
});

/** This mail, or this recipient, is refused for good. */
export const forGood = (code: string): Verdict => ({
  scope: 'message',
  permanent: true,
  minWait: 0,
  code,
});

/** The mail is tried again at once, on a new connection. */
export const reconnect = (code: string): Verdict => ({
  scope: 'connection',
  permanent: false,
  minWait: 0,
  code,
});

/**
 * What a rule about failures is: conditions on the signs of an error, and what follows when all of them hold.
 */
import type { FailureScope } from '../types';

/** All that are given must hold; a list holds when the value is one of its items. */
export interface Conditions {
  code?: readonly string[];
  original?: readonly string[];
  originalLike?: RegExp;
  timeout?: readonly string[];
  reply?: readonly number[];
  replyClass?: 4 | 5;
  /** The server did not say no: no reply at all, or one that makes no sense here. */
  noReply?: true;
  enhanced?: readonly string[];
  command?: readonly string[];
  /** The server's words, else the error's. */
  text?: RegExp;
  /** The connection had carried another mail before. */
  reused?: true;
}

/** Permanent is only ever a message: an account failure must not cost a mail. */
export type Verdict = {
  minWait?: number;
  /** Our own code, see MailError. */
  code: string;
  /** Marked for translation, as the hint is. */
  what: string;
  hint?: string;
  /** The mail is tried again, which stands before the hint. */
  retried?: true;
} & (
  { scope: 'message'; permanent?: boolean } | { scope: Exclude<FailureScope, 'message'>; permanent?: false }
);

export interface Rule {
  when: Conditions;
  then: Verdict;
}

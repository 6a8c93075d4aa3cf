/**
 * What an error of nodemailer shows, as plain values that rules can be matched against.
 * Error shapes: nodemailer 10.6, errors.js and smtp-connection (`_formatError`).
 */
import { t } from '../language/text';
import { withoutOpenSslDetails } from './openssl';

/** The longest text that is kept of a server's words, characters. */
const MAX_TEXT = 500;

export interface Signs {
  /** nodemailer's error code (ECONNECTION, EAUTH, ...); empty when there is none. */
  code: string;
  /** The code of the system or TLS error below it (ECONNREFUSED, CERT_HAS_EXPIRED, ...). */
  original: string;
  /** CONNECT_TIMEOUT, GREETING_TIMEOUT, UPGRADE_TIMEOUT, SOCKET_TIMEOUT, or DEADLINE for our own. */
  timeout: string;
  /** Reply code; 0 without a reply. */
  replyCode: number;
  /** `4yz` or `5yz` when the server said no, else empty. */
  replyClass: '' | '4yz' | '5yz';
  /** The server said no. */
  refused: boolean;
  /** Enhanced status code of RFC 3463 such as 5.7.8; empty when the reply has none. */
  enhanced: string;
  /** The command that failed, `AUTH PLAIN` shortened to AUTH; API when nothing was sent. */
  command: string;
  /** The server's reply on one line; empty without one. */
  response: string;
  /** The server's words, else the words of the error. */
  text: string;
  /** The least wait that the other side asked for, ms; 0 without one. */
  retryAfter: number;
  /** The recipient that was refused; empty when the error is not about one. */
  recipient: string;
}

/** Reads the signs of any thrown value. */
export function readSigns(error: unknown): Signs {
  const fields = (typeof error === 'object' && error !== null ? error : { message: error }) as Record<
    string,
    unknown
  >;
  const response = oneLine(word(fields.response));
  const replyCode = Number(fields.responseCode) || Number(/^\d{3}(?= |$)/.exec(response)?.[0] ?? 0);
  const replyClass = classOf(replyCode);
  return {
    code: word(fields.code),
    original: word(fields.originalCode),
    timeout: word(fields.timeoutType),
    replyCode,
    replyClass,
    refused: replyClass !== '',
    enhanced: enhancedCode(response),
    command: word(fields.command).replace(/^AUTH .*/, 'AUTH'),
    response,
    text:
      withChallenge(response, word(fields.challenge)) || oneLine(word(fields.message)) || t`no reason given`,
    retryAfter: Number(fields.retryAfter) || 0,
    recipient: oneLine(word(fields.recipient)),
  };
}

/** What a server tells of a refused token before its reply (RFC 7628 section 3.2.2). */
function withChallenge(response: string, challenge: string): string {
  return response === '' || challenge === '' ? response : `${response} (${oneLine(challenge)})`;
}

const word = (value: unknown): string => (typeof value === 'string' ? value : '');

function classOf(replyCode: number): Signs['replyClass'] {
  const first = Math.floor(replyCode / 100);
  return first === 4 ? '4yz' : first === 5 ? '5yz' : '';
}

/** RFC 2034 puts the code after the reply code; Cisco writes `#5.1.1`, qmail `(#5.1.1)` at the end. */
function enhancedCode(response: string): string {
  const found =
    /^\d{3} #?([245]\.\d{1,3}\.\d{1,3})\b/.exec(response) ?? /\(#([245]\.\d{1,3}\.\d{1,3})\)/.exec(response);
  return found?.[1] ?? '';
}

/** Joins the lines of a reply, without the codes that begin each further line, and cuts what is too long. OpenSSL's errors are their reasons. */
function oneLine(words: string): string {
  const text = withoutOpenSslDetails(words.slice(0, 10 * MAX_TEXT));
  const code = /^(\d{3})[ -](?:([245]\.\d{1,3}\.\d{1,3})[ -])?/.exec(text);
  const repeated = code && new RegExp(`^${code[1]}(?:[ -]|$)(?:${code[2] ?? '(?!)'} )?`);
  const joined = text
    .split(/[\r\n]+/)
    .map((line, index) =>
      index === 0 ? line.replace(/^(\d{3})-/, '$1 ') : repeated ? line.replace(repeated, '') : line,
    )
    .join(' ')
    // eslint-disable-next-line no-control-regex -- a server's words must not control a terminal or a log
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return joined.length > MAX_TEXT ? `${joined.slice(0, MAX_TEXT - 1)}…` : joined;
}

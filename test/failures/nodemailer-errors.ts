/** The errors of nodemailer 10.6, as its smtp-connection makes them in `_formatError`. */
import type { Example } from '../../nodes/failures/rule';

/** Any of them. */
export function nodemailerError(
  code: string | undefined,
  command: string | undefined,
  message: string,
  more: {
    response?: string;
    originalCode?: string;
    timeoutType?: string;
    rejectedErrors?: unknown[];
    recipient?: string;
  } = {},
): Error {
  const { response } = more;
  const error = new Error(response === undefined ? message : `${message}: ${response}`);
  const responseCode = Number(/^\d+/.exec(response ?? '')?.[0] ?? 0);
  return Object.assign(error, more, {
    ...(code === undefined ? {} : { code }),
    ...(command === undefined ? {} : { command }),
    ...(responseCode === 0
      ? {}
      : { responseCode, permanent: responseCode >= 500 && responseCode < 600 && responseCode !== 503 }),
  });
}

export const socket = (originalCode: string, message: string) =>
  nodemailerError('ESOCKET', 'CONN', message, { originalCode });
export const timeout = (timeoutType: string, message = 'Timeout') =>
  nodemailerError('ETIMEDOUT', 'CONN', message, { timeoutType });
export const closed = (response?: string) =>
  nodemailerError(
    'ECONNECTION',
    'CONN',
    'Connection closed unexpectedly',
    response === undefined ? {} : { response },
  );
export const greeting = (response: string) =>
  nodemailerError('EPROTOCOL', 'CONN', `Invalid greeting. response=${response}`, { response });
export const login = (response: string) =>
  nodemailerError('EAUTH', 'AUTH PLAIN', 'Invalid login', { response });
export const sender = (response: string) =>
  nodemailerError('EENVELOPE', 'MAIL FROM', 'Mail command failed', { response });
export const recipient = (response: string, address = 'bob@example.com') =>
  nodemailerError('EENVELOPE', 'RCPT TO', 'Recipient command failed', { response, recipient: address });
export const allRefused = (chosen: string, ...responses: string[]) =>
  nodemailerError('EENVELOPE', 'RCPT TO', "Can't send mail - all recipients were rejected", {
    response: chosen,
    rejectedErrors: responses.map((response, i) => recipient(response, `r${i}@example.com`)),
  });
export const dataCommand = (response: string) =>
  nodemailerError('EENVELOPE', 'DATA', 'Data command failed', { response });
export const message = (response: string) =>
  nodemailerError('EMESSAGE', 'DATA', 'Message failed', { response });
export const stream = (originalCode: string, text: string) =>
  nodemailerError('ESTREAM', 'API', text, { originalCode });

/** nodemailer's code for a reply to each command, in the words of the examples. */
const CODES: Readonly<Record<string, string>> = {
  CONN: 'EPROTOCOL',
  EHLO: 'ECONNECTION',
  HELO: 'EPROTOCOL',
  STARTTLS: 'ETLS',
  AUTH: 'EAUTH',
  'MAIL FROM': 'EENVELOPE',
  'RCPT TO': 'EENVELOPE',
  DATA: 'EENVELOPE',
  dot: 'EMESSAGE',
};

/** The error behind the example of a rule. */
export function errorOf(example: Example): Error {
  if (typeof example !== 'string') return Object.assign(new Error(example.message), example);
  const [command = '', response = ''] = example.split(/: (.*)/s);
  const code = CODES[command];
  if (!code || !/^[45]\d\d /.test(response)) throw new Error(`no command with a refusal: ${example}`);
  return nodemailerError(code, command === 'dot' ? 'DATA' : command, 'Refused', { response });
}

/**
 * An SMTP dialogue over a connected socket: lines out, replies in. Errors look like those of the transport
 * (`code`, `originalCode`, `timeoutType`, `response`, `command`), so that the same rules explain them.
 */
import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { t } from '../language/text';

export interface Reply {
  /** Three digits; 0 for a line that is no reply. */
  code: number;
  /** As the server sent it, lines separated by a line feed. */
  text: string;
}

export interface Dialogue {
  /** Sends a command, or text that ends with a line break, and waits for the reply to it, at most `ms`. */
  ask(line: string, ms: number): Promise<Reply>;
  /** Waits for a reply at most `ms`; `timeoutType` tells the transport's rules what was waited for. */
  next(ms: number, timeoutType?: string): Promise<Reply>;
  /** Stops reading, for another dialogue to go on with the socket; what was read ahead is dropped (RFC 3207 4.2). */
  detach(): void;
}

/** What explains a failure besides its message. */
export interface FailureFields {
  code: string;
  command?: string;
  originalCode?: string | undefined;
  challenge?: string;
  timeoutType?: string;
  response?: string;
}

/** Characters; longer replies are no SMTP (RFC 5321 section 4.5.3.1.5: 512 octets a line). */
const LONGEST_REPLY = 65_536;

/** Makes an error as the transport has them. */
export function failure(message: string, fields: FailureFields): Error {
  return Object.assign(new Error(message), fields);
}

/** The failure that a negative reply to a command is. */
export function refusal(what: string, code: string, command: string, { text }: Reply): Error {
  return failure(`${what}: ${text}`, { code, command, response: text });
}

/** Starts to read from a connected socket. */
export function openDialogue(socket: Socket): Dialogue {
  const replies: Reply[] = [];
  const decoder = new StringDecoder('utf8');
  let ahead = '';
  let lines: string[] = [];
  let ended: Error | null = null;
  let wake: () => void = () => undefined;

  function takeLine(line: string): void {
    lines.push(line);
    if (/^\d{3}-/.test(line) || line.trim() === '') return;
    const text = lines.join('\n').trim();
    replies.push({ code: Number(/^\d{3}(?= |$)/.exec(text.split('\n').at(-1) ?? '')?.[0] ?? 0), text });
    lines = [];
  }

  function onData(chunk: Buffer): void {
    ahead += decoder.write(chunk);
    const pieces = ahead.split(/\r?\n/);
    ahead = pieces.pop() ?? '';
    pieces.forEach(takeLine);
    const waiting = replies.reduce((sum, { text }) => sum + text.length, 0);
    if (ahead.length + lines.join('').length + waiting > LONGEST_REPLY) {
      end(failure(t`The reply of the server has no end`, { code: 'EPROTOCOL', command: 'CONN' }));
    }
    wake();
  }

  function end(error: Error): void {
    ended ??= error;
    wake();
  }

  function onError(error: Error & { code?: string }): void {
    end(failure(error.message, { code: 'ESOCKET', originalCode: error.code, command: 'CONN' }));
  }

  function onClose(): void {
    // A refusal may end with the connection instead of a line break.
    if (/^[45]\d\d[ -]/.test(ahead)) takeLine(ahead.replace('-', ' '));
    end(failure('Connection closed unexpectedly', { code: 'ECONNECTION', command: 'CONN' }));
  }

  socket.on('data', onData).on('error', onError).on('close', onClose).on('end', onClose);
  // Whoever had it before may have paused it.
  socket.resume();

  function next(ms: number, timeoutType = 'SOCKET_TIMEOUT'): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        wake = () => undefined;
        act();
      };
      const timer = setTimeout(() => {
        const error = failure(t`No reply within ${ms} ms`, {
          code: 'ETIMEDOUT',
          timeoutType,
          command: 'CONN',
        });
        settle(() => reject(error));
      }, ms);
      wake = () => {
        const reply = replies.shift();
        const error = ended;
        if (reply) settle(() => resolve(reply));
        else if (error) settle(() => reject(error));
      };
      wake();
    });
  }

  return {
    next,
    ask(line, ms) {
      if (!socket.destroyed) socket.write(line.endsWith('\r\n') ? line : `${line}\r\n`);
      return next(ms);
    },
    detach() {
      socket.off('data', onData).off('error', onError).off('close', onClose).off('end', onClose);
      socket.pause();
    },
  };
}

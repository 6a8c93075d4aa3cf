/** The steps of a connection test as the editor shows them. */
import { performance } from 'node:perf_hooks';
import { t } from '../language/text';
import { withoutOpenSslDetails } from '../failures/openssl';
import { MailError } from '../types';

export type StepName =
  | 'token'
  | 'dns'
  | 'tcp'
  | 'proxy'
  | 'tls'
  | 'greeting'
  | 'ehlo'
  | 'starttls'
  | 'auth'
  | 'mail-from'
  | 'rcpt'
  | 'data'
  | 'sent';

export interface Step {
  step: StepName;
  ok: boolean;
  ms: number;
  /** What was found, in the server's own words where there are some; secrets masked. */
  detail: string;
}

/** Does one step and notes how it went; what it throws goes on to the caller. */
export type Take = <T>(step: StepName, act: () => Promise<T>, detail: (result: T) => string) => Promise<T>;

/** Characters of a detail. */
const LONGEST_DETAIL = 500;

/** Makes a function that takes steps and adds them to `steps`; throws MailError ABORTED as soon as the signal says so. */
export function stepTaker(steps: Step[], mask: (text: string) => string, signal: AbortSignal): Take {
  return async (step, act, detail) => {
    const began = performance.now();
    const note = (ok: boolean, text: string) =>
      steps.push({ step, ok, ms: Math.round(performance.now() - began), detail: oneLine(mask(text)) });
    try {
      const result = await unlessAborted(act, signal);
      note(true, detail(result));
      return result;
    } catch (error) {
      const { message, detail: more } = error as Error & { detail?: string };
      note(false, more ?? message);
      throw error;
    }
  };
}

/** A text on one line, without characters that could control a terminal or turn the writing direction. */
export function oneLine(text: string): string {
  const line = withoutOpenSslDetails(text)
    .replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return line.length > LONGEST_DETAIL ? `${line.slice(0, LONGEST_DETAIL - 1)}…` : line;
}

async function unlessAborted<T>(act: () => Promise<T>, signal: AbortSignal): Promise<T> {
  let abort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () =>
      reject(new MailError('ABORTED', t`The connection test was ended because nobody waits for it`));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
  try {
    return await Promise.race([act(), aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

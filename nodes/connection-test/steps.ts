/** The steps of a connection test as the editor shows them. */
import { performance } from 'node:perf_hooks';
import { t } from '../language/text';
import { withoutOpenSslDetails } from '../failures/openssl';
import { MailError } from '../types';

export type StepName =
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

/** The step that is being taken; it ends with one of the two. */
export interface OpenStep {
  done(detail: string): void;
  failed(error: unknown): void;
}

/** Begins a step. */
export type Begin = (step: StepName) => OpenStep;

/** Makes a function that begins steps, and adds each to `steps` when it ends. */
export function stepNotes(steps: Step[], mask: (text: string) => string): Begin {
  return (step) => {
    const began = performance.now();
    const note = (ok: boolean, text: string) =>
      steps.push({ step, ok, ms: Math.round(performance.now() - began), detail: oneLine(mask(text)) });
    return {
      done: (detail) => note(true, detail),
      failed(error) {
        const { message, detail } = error as Error & { detail?: string };
        note(false, detail ?? message);
      },
    };
  };
}

/** Makes a function that takes whole steps; it throws MailError ABORTED as soon as the signal says so. */
export function stepTaker(begin: Begin, signal: AbortSignal): Take {
  return async (name, act, detail) => {
    const step = begin(name);
    try {
      const result = await unlessAborted(act, signal);
      step.done(detail(result));
      return result;
    } catch (error) {
      step.failed(error);
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

/** The outcome of `act`, or MailError ABORTED. */
export async function unlessAborted<T>(act: () => Promise<T>, signal: AbortSignal): Promise<T> {
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

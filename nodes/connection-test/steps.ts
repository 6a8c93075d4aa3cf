/** The steps of a connection test as the editor shows them. */
import { performance } from 'node:perf_hooks';
import { withoutOpenSslDetails } from '../failures/openssl';

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

/** A text on one line, without characters that could control a terminal or turn the writing direction. */
export function oneLine(text: string): string {
  const line = withoutOpenSslDetails(text)
    .replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return line.length > LONGEST_DETAIL ? `${line.slice(0, LONGEST_DETAIL - 1)}…` : line;
}

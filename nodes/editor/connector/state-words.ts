/** What the answer about a connector's state comes to in the dialog. */

export type State = 'STOPPED' | 'STARTING' | 'RUN' | 'STOPPING' | 'INIT_ERROR';

interface Failure {
  message: string;
  hint?: string;
}

export interface ConnectorAnswer {
  state: State;
  problem: { error: Failure; since: number; nextAttempt: number } | null;
  counts: Record<'queued' | 'deferred' | 'sending' | 'sent' | 'failed' | 'ignored', number>;
  rate: { limit: number; period: string; used: number };
  lastError: Failure | null;
}

export type Light = 'green' | 'yellow' | 'grey' | 'red';

/** The colour of a state, as in the status of the nodes. */
export function lightOf({ state, problem }: Pick<ConnectorAnswer, 'state' | 'problem'>): Light {
  if (state === 'INIT_ERROR') return 'red';
  if (state === 'STOPPED') return 'grey';
  return state === 'RUN' && problem === null ? 'green' : 'yellow';
}

/** Which of the two buttons does something in a state. On the way from one to the next, neither. */
export function actionsIn(state: State): { start: boolean; stop: boolean } {
  return { start: state === 'STOPPED' || state === 'INIT_ERROR', stop: state === 'RUN' };
}

/** The counts that are shown, in the order of a mail's way. */
export const COUNTS = ['queued', 'deferred', 'sending', 'sent', 'failed', 'ignored'] as const;

/** A message and what to do about it, as sentences. */
export function sentences({ message, hint }: Failure): string {
  if (!hint || message.includes(hint)) return message;
  // Chinese and Japanese sentences end in a sign of their own, and no space follows.
  return /。\s*$/.test(message) ? message.trim() + hint : `${message.replace(/[.\s]*$/, '.')} ${hint}`;
}

/** The time of day of a moment (ms since the epoch) in the reader's zone, as HH:MM:SS. */
export function clock(moment: number): string {
  const date = new Date(moment);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

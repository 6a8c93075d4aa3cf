/** What a connector shows on the canvas. */
import type { MailError, Problem } from '../types';
import type { ConnectorState } from './connector';

export interface StatusView {
  fill: 'green' | 'yellow' | 'grey' | 'red' | 'blue';
  shape: 'dot' | 'ring';
  text: string;
}

/** The longest text that is still readable under a node. */
const LONGEST = 100;

/** Looks like a colon and is none (U+2236). */
const RATIO = '\u2236';

/**
 * A text that the editor shows as it is. The editor takes a text that begins with a letter for the key of a translation
 * and what stands before a colon for its namespace, so in such a text colons are replaced by a sign that looks alike.
 */
export function plainStatus(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const safe = /^[@a-z]/i.test(line) ? line.replaceAll(':', RATIO) : line;
  return safe.length > LONGEST ? `${safe.slice(0, LONGEST - 1)}…` : safe;
}

/** Hours and minutes and seconds of a moment, in the time zone of the server. */
export function clock(time: number): string {
  return new Date(time).toTimeString().slice(0, 8);
}

/** The status of a connector in a state: a problem with its beginning and, after ↻, the next attempt; `mask` takes secrets out of the server's words, `redirectTo` gets every mail. */
export function connectorStatus(
  state: ConnectorState,
  problem: Problem | null,
  initError: MailError | null,
  mask: (text: string) => string,
  redirectTo: { address: string } | null = null,
): StatusView {
  switch (state) {
    case 'RUN':
      if (!problem)
        return {
          fill: 'green',
          shape: 'dot',
          text: redirectTo ? plainStatus(`RUN → ${redirectTo.address}`) : 'RUN',
        };
      return {
        fill: 'yellow',
        shape: 'dot',
        text: plainStatus(
          `${clock(problem.since)} ↻ ${clock(problem.nextAttempt)} ${mask(problem.error.message)}`,
        ),
      };
    case 'INIT_ERROR':
      return {
        fill: 'red',
        shape: 'ring',
        text: plainStatus(`INIT_ERROR ${mask(initError?.message ?? '')}`),
      };
    case 'STOPPED':
      return { fill: 'grey', shape: 'ring', text: 'STOPPED' };
    default:
      return { fill: 'yellow', shape: 'ring', text: state };
  }
}

/** The sample msgs of a preview, as they are written in the dialog. */

export type Sample = Record<string, unknown>;

/** More than anybody writes by hand, and what the preview takes at most. */
const MOST = 1000;

/** Why a text is no sample: the key in the `samples` group of the locale file, and the parser's reason if there is one. */
export interface SampleProblem {
  key: 'json' | 'shape' | 'none' | 'many';
  reason?: string;
}

/** Reads one msg, or a list of msgs, from JSON. */
export function readSamples(json: string): { samples: Sample[] } | { problem: SampleProblem } {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return { problem: { key: 'json', reason: (error as Error).message } };
  }
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) return { problem: { key: 'none' } };
  if (list.length > MOST) return { problem: { key: 'many' } };
  if (!list.every(isObject)) return { problem: { key: 'shape' } };
  return { samples: list };
}

/**
 * The samples that would be in the first mail, when the node puts `batchSize` events into one. A size that is not known
 * before the node starts takes all.
 */
export function firstMail(samples: readonly Sample[], batchSize: string): Sample[] {
  const size = /^\s*\d+\s*$/.test(batchSize) ? Number(batchSize) : samples.length;
  return samples.slice(0, Math.max(size, 1));
}

/** Samples to start with. They name a recipient when the node does not. */
export function startSamples(
  words: { topic: string; first: string; second: string },
  recipientNeeded: boolean,
): string {
  const to = recipientNeeded ? { to: 'operator@example.com' } : {};
  const samples = [
    { topic: words.topic, payload: words.first, ...to },
    { topic: words.topic, payload: words.second, ...to },
    { topic: words.topic, payload: { pressure: 8.4, unit: 'bar' }, ...to },
  ];
  return writeSamples(samples);
}

/** Characters of a msg that is written on one line. */
const LONGEST_LINE = 100;

/** Msgs as they are written in the dialog. */
export function writeSamples(samples: readonly Sample[]): string {
  const written = samples.map((sample) => {
    const line = JSON.stringify(sample);
    return line.length <= LONGEST_LINE ? line : JSON.stringify(sample, null, 2).replace(/\n/g, '\n  ');
  });
  return `[\n${written.map((sample) => `  ${sample}`).join(',\n')}\n]`;
}

function isObject(value: unknown): value is Sample {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What came out, as a Markdown table or as data. */
import { cpus, release, totalmem, type } from 'node:os';

/** The middle of some numbers. */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * How many times better ours is than the other, of each round; null when there is none to compare with. `better` says
 * whether `more` or `less` is good.
 */
export function ratios({ ours, other, better }) {
  if (!other || !better) return null;
  // Both come from the same rounds, except where the other is known by one number.
  return ours.map((value, i) => {
    const against = other.values[i] ?? median(other.values);
    return better === 'more' ? value / against : against / value;
  });
}

/** Whether the goal was met; null when there is none. */
export function met(comparison) {
  const { goal, ours } = comparison;
  if (!goal) return null;
  if (goal.ratio !== undefined) return median(ratios(comparison)) >= goal.ratio;
  return goal.most === undefined ? median(ours) >= goal.least : median(ours) <= goal.most;
}

/** The table of all cases. */
export function toMarkdown(results, facts) {
  const lines = [
    `${facts.machine}; Node.js ${facts.node}, Node-RED ${facts.nodeRed}; mail server: ${facts.sink}. ` +
      'Medians, in brackets the lowest and the highest of all runs.',
    '',
    '| case | measured | send-email | compared with | times better | goal |',
    '|---|---|---|---|---|---|',
  ];
  for (const { name, comparisons, skipped } of results) {
    if (skipped) lines.push(`| ${name} | skipped: ${skipped} | | | | |`);
    for (const comparison of comparisons ?? []) lines.push(toRow(name, comparison));
  }
  const notes = results.flatMap(({ name, notes: some = [] }) => some.map((note) => `- ${name}: ${note}`));
  return [...lines, ...(notes.length > 0 ? ['', ...notes] : [])].join('\n');
}

function toRow(name, comparison) {
  const { what, unit, ours, other } = comparison;
  const times = ratios(comparison);
  const cells = [
    name,
    what,
    `${spread(ours)} ${unit}`,
    other ? `${other.name}: ${spread(other.values)} ${unit}` : '',
    times ? `${spread(times)} ×` : '',
    goalText(comparison),
  ];
  return `| ${cells.map((cell) => cell.trim()).join(' | ')} |`;
}

function goalText(comparison) {
  const { goal, unit } = comparison;
  if (!goal) return '';
  const verdict = met(comparison) ? 'met' : 'missed';
  if (goal.ratio !== undefined) return `≥ ${goal.ratio} ×: ${verdict}`;
  const text = goal.most === undefined ? `≥ ${shown(goal.least)}` : `≤ ${shown(goal.most)}`;
  return `${text} ${unit}: ${verdict}`.replace(' :', ':');
}

function spread(values) {
  const [low, middle, high] = [Math.min(...values), median(values), Math.max(...values)].map(shown);
  return low === high ? middle : `${middle} (${low}–${high})`;
}

/** Three digits are more than such numbers are worth. */
function shown(value) {
  return new Intl.NumberFormat('en', {
    maximumFractionDigits: Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0,
  }).format(value);
}

/** The machine, for who reads the numbers elsewhere. */
export function machine() {
  const [first, ...others] = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  return `${type()} ${release()}, ${others.length + 1} × ${first?.model.trim() ?? 'unknown CPU'}, ${memory} GiB`;
}

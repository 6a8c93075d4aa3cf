/** The table of servers and scenarios for the documentation. */
import type { Scenario } from './scenarios';

export interface Row {
  /** The server with its version. */
  name: string;
  /** `yes`, `no`, or `–` where it has no such thing, by the title of the scenario. */
  results: ReadonlyMap<string, string>;
}

export function tableOf(rows: readonly Row[], scenarios: readonly Scenario[]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const body = scenarios.map(({ title }) =>
    line([title, ...rows.map(({ results }) => results.get(title) ?? '–')]),
  );
  return `# Tried with

\`npm run interop\` drives the packed package in Node-RED against these servers, each on its own machine-local port, and counts at
a mailbox behind them, or in the server itself: every mail that was told as sent is there, and none twice. A dash means that the server has no such
thing, or is not set up for it. The run writes this page.

${line(['scenario', ...rows.map(({ name }) => name)])}
${line(['---', ...rows.map(() => ':-:')])}
${body.join('\n')}
`;
}

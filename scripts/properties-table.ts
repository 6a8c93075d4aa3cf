/**
 * Prints the table of docs/properties.md, made from the table in the code: `npx tsx scripts/properties-table.ts`.
 */
import { PROTOCOL_ROWS, SESSION_ROWS } from '../nodes/properties/table/table';
import type { PropertyRow } from '../nodes/properties/table/row';

const BEGIN = '<!-- properties:begin -->';
const END = '<!-- properties:end -->';

/** The table in Markdown, a line for each property; `mail.smtp.X` stands for `mail.smtps.X` too. */
export function propertiesTable(): string {
  const rows = [
    ...SESSION_ROWS.map((row) => tableRow(row.name, row)),
    ...PROTOCOL_ROWS.map((row) => tableRow(`mail.smtp.${row.name}`, row)),
  ];
  return ['| Property | Type | JavaMail default | Status | Here |', '|---|---|---|---|---|', ...rows].join(
    '\n',
  );
}

/** The page with the table between its markers brought up to date; throws when a marker is missing. */
export function replaceBetweenMarkers(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin)
    throw new Error(`The page needs the lines ${BEGIN} and ${END}, in this order.`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${propertiesTable()}\n\n${page.slice(end)}`;
}

function tableRow(key: string, row: PropertyRow): string {
  const { type, javaDefault, smtpsDefault, status, here } = row;
  const standard = javaDefault === null ? '' : `\`${javaDefault}\``;
  const smtps = smtpsDefault === undefined ? '' : ` (smtps: \`${smtpsDefault}\`)`;
  const cells = [`\`${key}\``, type, standard + smtps, status, here];
  return `| ${cells.map((cell) => cell.replace(/\|/g, '\\|')).join(' | ')} |`;
}

if (require.main === module) console.log(propertiesTable());

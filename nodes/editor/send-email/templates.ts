/**
 * Templates to start from. They are made of tables with their styles in the elements, because Outlook knows no other layout
 * and Gmail drops style sheets of replies; the style sheet only adds the dark colours, for programs that ask for them.
 */

export type TemplateId = 'list' | 'card' | 'digest' | 'report' | 'asIs';

/** The words in the templates, by their names in the `word` group of the locale file. */
export type Word = 'events' | 'time' | 'event' | 'error' | 'from' | 'to' | 'topic';
export type Words = (word: Word) => string;

/** In the order in which the dialog offers them. */
export const TEMPLATES: readonly TemplateId[] = ['list', 'card', 'digest', 'report', 'asIs'];

/** The template with its words filled in. */
export function templateText(id: TemplateId, words: Words): string {
  return MAKE[id](words);
}

/** Whether nobody would miss the text: it is empty, the default, or just as a template is offered. */
export function isUneditedTemplate(text: string, byDefault: string, words: Words): boolean {
  const plain = text.replace(/\r/g, '').trim();
  return plain === '' || plain === byDefault || TEMPLATES.some((id) => templateText(id, words) === plain);
}

const MAKE: Record<TemplateId, (words: Words) => string> = { list, card, digest, report, asIs };

const FONT = "font-family: 'Segoe UI', Arial, sans-serif;";
const CELL = `${FONT} font-size: 14px; line-height: 20px; padding: 8px 12px;`;
const LINE = 'border-bottom: 1px solid #d5d9e0;';

/** A page with one column that is as wide as the window, up to 640 pixels. */
function page(rows: string): string {
  return `<html>
<head>
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<style>
  :root { color-scheme: light dark; }
  @media (prefers-color-scheme: dark) {
    .page { background-color: #17191e !important; }
    .sheet { background-color: #22252c !important; }
    .strong { color: #f2f3f5 !important; }
    .soft { color: #b4bac5 !important; }
    .bad { color: #ff9a9a !important; }
    .line { border-color: #424753 !important; }
  }
</style>
</head>
<body class="page" bgcolor="#eef0f4" style="margin: 0; padding: 0; background-color: #eef0f4;">
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#eef0f4" style="background-color: #eef0f4;">
<tr><td align="center" style="padding: 16px;">
<table role="presentation" width="640" cellpadding="0" cellspacing="0" border="0" style="width: 100%; max-width: 640px;">
${rows}
</table>
</td></tr>
</table>
</body>
</html>`;
}

function list(words: Words): string {
  return page(`<tr><td class="sheet" bgcolor="#ffffff" style="background-color: #ffffff; padding: 8px 0;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
{{#events}}
<tr>
<td class="soft" width="30" align="right" valign="top" style="${CELL} color: #5a6270;">{{index}}.</td>
<td class="strong" style="${CELL} padding-left: 0; color: #1c2026;">${eventCell(words)}</td>
</tr>
{{/events}}
</table>
</td></tr>`);
}

function card(words: Words): string {
  return page(`{{#events}}
<tr><td class="sheet line" bgcolor="#ffffff" style="background-color: #ffffff; border-left: 6px solid #c62828; padding: 14px 18px;">
<div class="soft" style="${FONT} font-size: 13px; line-height: 18px; color: #5a6270;">{{topic}}</div>
<div class="strong" style="${FONT} font-size: 20px; line-height: 28px; font-weight: bold; color: #1c2026;">{{event}}</div>
<div class="soft" style="${FONT} font-size: 13px; line-height: 18px; color: #5a6270;">{{time.local}}</div>
{{#error}}<div class="bad" style="${FONT} font-size: 14px; line-height: 20px; color: #a61b1b;">${words('error')}: {{error}}</div>{{/error}}
</td></tr>
<tr><td height="12" style="height: 12px; font-size: 0; line-height: 0;">&nbsp;</td></tr>
{{/events}}`);
}

function heading(text: string, below: string): string {
  return `<tr><td class="sheet" bgcolor="#ffffff" style="background-color: #ffffff; padding: 18px 12px 6px;">
<div class="strong" style="${FONT} font-size: 22px; line-height: 30px; font-weight: bold; color: #1c2026;">${text}</div>
<div class="soft" style="${FONT} font-size: 13px; line-height: 18px; color: #5a6270;">${below}</div>
</td></tr>`;
}

function eventsTable(columns: { head: string; cell: string }[]): string {
  const head = columns.map(
    (column) =>
      `<th class="soft line" align="left" style="${CELL} ${LINE} font-weight: bold; color: #5a6270;">${column.head}</th>`,
  );
  const cells = columns.map(
    (column) =>
      `<td class="strong line" valign="top" style="${CELL} ${LINE} color: #1c2026;">${column.cell}</td>`,
  );
  return `<tr><td class="sheet" bgcolor="#ffffff" style="background-color: #ffffff; padding: 0 0 16px;">
<table width="100%" cellpadding="0" cellspacing="0" border="0">
<tr>
${head.join('\n')}
</tr>
{{#events}}
<tr>
${cells.join('\n')}
</tr>
{{/events}}
</table>
</td></tr>`;
}

function eventCell(words: Words): string {
  return `{{event}}{{#error}}<br><span class="bad" style="color: #a61b1b;">${words('error')}: {{error}}</span>{{/error}}`;
}

function digest(words: Words): string {
  const columns = [
    { head: '#', cell: '{{index}}' },
    { head: words('time'), cell: '{{time.local}}' },
    { head: words('event'), cell: eventCell(words) },
  ];
  return page(`${heading(`{{count}} ${words('events')}`, '{{connector}}')}
${eventsTable(columns)}`);
}

function report(words: Words): string {
  const summary = [
    [words('events'), '{{count}}'],
    [words('from'), '{{firstTime.local}}'],
    [words('to'), '{{lastTime.local}}'],
  ].map(
    ([name, value]) => `<tr>
<td class="soft" width="90" style="${CELL} color: #5a6270;">${name}</td>
<td class="strong" style="${CELL} font-weight: bold; color: #1c2026;">${value}</td>
</tr>`,
  );
  const columns = [
    { head: words('time'), cell: '{{time.local}}' },
    { head: words('topic'), cell: '{{topic}}' },
    { head: words('event'), cell: eventCell(words) },
  ];
  return page(`${heading('{{topic}}', '{{now.local}}')}
<tr><td class="sheet" bgcolor="#ffffff" style="background-color: #ffffff; padding: 0 0 12px;">
<table cellpadding="0" cellspacing="0" border="0">
${summary.join('\n')}
</table>
</td></tr>
${eventsTable(columns)}`);
}

/** For flows that make their own bodies, such as those of node-red-node-email: the payload and nothing around it. */
function asIs(): string {
  return '{{{event.html}}}';
}

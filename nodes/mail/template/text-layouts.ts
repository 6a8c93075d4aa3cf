/**
 * The text parts of HTML mails. The mails of a template differ in their values and seldom in anything else, and laying HTML
 * out as text costs more than all the rest of a mail. So HTML is rendered with marks in the places of its values, its layout
 * is kept, and the values are put into both.
 */
import { escapeHtml, keepLines } from './escape';
import { htmlToPlainText, MAX_LENGTH } from './html-text';

/** What stands for a value; Unicode leaves these characters to private use, and values that have them get no mark. */
const OPEN = '\uE000';
const CLOSE = '\uE001';
const MARK = /\uE000(\d+)\uE001/g;

/** White space as html-to-text sees it. */
const WHITE = '[ \\t\\r\\n\\f\\u200b]';
const WHITE_RUN = new RegExp(`${WHITE}+`, 'g');
const IS_WHITE = new RegExp(WHITE);
const HAS_MARK = new RegExp(`[${OPEN}${CLOSE}]`);

/** Where a value is more than text: inside of a tag, and where white space stays as it is. */
const DEPENDS_ON_VALUES = new RegExp(`<[^<>]*${OPEN}|<pre\\b`, 'i');

/** Characters of layouts that are kept for one template. */
const MOST_KEPT = 2_000_000;

/** The values of one mail, in the order in which they are written. */
export interface Marks {
  /** What to write for a value: a mark, or the escaped value itself. `lines` are to be kept in HTML. */
  write(value: string, lines: boolean): string;
}

export interface Rendered {
  html: string;
  text: string;
}

export interface TextLayouts {
  /** Renders HTML with marks; gives it, and its text, with the values. */
  render(write: (marks: Marks) => string): Rendered;
}

interface Value {
  html: string;
  text: string;
}

/** The layouts of one template. */
export function createTextLayouts(): TextLayouts {
  /** The text of HTML with marks, the one used last at the end. */
  const layouts = new Map<string, string>();
  let size = 0;

  function layoutOf(marked: string): string {
    const known = layouts.get(marked);
    if (known !== undefined) {
      layouts.delete(marked);
      layouts.set(marked, known);
      return known;
    }
    const layout = htmlToPlainText(marked);
    if (marked.length + layout.length > MOST_KEPT) return layout;
    layouts.set(marked, layout);
    size += marked.length + layout.length;
    for (const [oldest, text] of layouts) {
      if (size <= MOST_KEPT) break;
      layouts.delete(oldest);
      size -= oldest.length + text.length;
    }
    return layout;
  }

  return {
    render(write) {
      const values: Value[] = [];
      let alike = true;
      const marked = write({
        write(value, lines) {
          const form = (text: string) => (lines ? keepLines(escapeHtml(text)) : escapeHtml(text));
          if (HAS_MARK.test(value)) {
            alike = false;
            return form(value);
          }
          // The white space around a value is part of the layout, and so is a value of which nothing else is left.
          const [start, end] = edges(value);
          if (start === end) return form(value);
          const core = value.slice(start, end);
          values.push({ html: form(core), text: lines ? oneSpaceInLines(core) : oneSpace(core) });
          return `${form(value.slice(0, start))}${OPEN}${values.length - 1}${CLOSE}${form(value.slice(end))}`;
        },
      });
      const html = filled(marked, values, 'html');
      const usual = alike && html.length <= MAX_LENGTH && !DEPENDS_ON_VALUES.test(marked);
      return { html, text: usual ? filled(layoutOf(marked), values, 'text') : htmlToPlainText(html) };
    },
  };
}

function filled(marked: string, values: readonly Value[], form: keyof Value): string {
  return values.length === 0
    ? marked
    : marked.replace(MARK, (mark, i: string) => values[Number(i)]?.[form] ?? mark);
}

/** Where a text begins and ends without the white space around it. */
function edges(text: string): [start: number, end: number] {
  let start = 0;
  let end = text.length;
  while (start < end && IS_WHITE.test(text.charAt(start))) start += 1;
  while (end > start && IS_WHITE.test(text.charAt(end - 1))) end -= 1;
  return [start, end];
}

function oneSpace(text: string): string {
  // Most texts have single spaces only.
  return /[\t\r\n\f\u200b]| {2}/.test(text) ? text.replace(WHITE_RUN, ' ') : text;
}

function oneSpaceInLines(text: string): string {
  const lines = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  if (!/[\t\f\u200b]| [ \n]|\n /.test(lines)) return lines;
  return lines
    .split('\n')
    .map((line) => oneSpace(line).replace(/^ | $/g, ''))
    .join('\n');
}

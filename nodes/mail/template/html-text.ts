/** The text part of an HTML mail, for readers and filters that do not look at HTML. */
import { compile } from 'html-to-text';

/** Characters of HTML that are laid out; what is longer takes the quick way, which needs no tree in memory. */
export const MAX_LENGTH = 16 * 1_048_576;

const convert = compile({
  wordwrap: false,
  limits: { maxInputLength: MAX_LENGTH },
  formatters: {
    altText: (element, _walk, builder) => {
      const { alt } = element.attribs as { alt?: string };
      if (alt) builder.addInline(alt, { noWordTransform: true });
    },
    cell: (element, walk, builder) => {
      if (hasCellBefore(element)) {
        builder.addInline(isLayout(element) ? ' ' : ' | ', { noWordTransform: true });
      }
      walk(element.children, builder);
    },
  },
  selectors: [
    { selector: 'img', format: 'altText' },
    { selector: 'a', options: { hideLinkHrefIfSameAsText: true } },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
    // A row is a line, and its cells stand apart. Real columns would need the width of the longest cell in all rows.
    { selector: 'table', format: 'block' },
    { selector: 'tr', format: 'block', options: { leadingLineBreaks: 1, trailingLineBreaks: 1 } },
    { selector: 'td', format: 'cell' },
    { selector: 'th', format: 'cell' },
  ],
});

/** The parser links parents and siblings, which its type declarations leave out. */
interface Linked {
  type: string;
  name?: string;
  attribs?: Record<string, string>;
  prev?: Linked | null;
  parent?: Linked | null;
}

function hasCellBefore(element: Linked): boolean {
  let before = element.prev;
  while (before && before.type !== 'tag') before = before.prev;
  return Boolean(before);
}

/** A table that only places things has no columns to tell apart. */
function isLayout(element: Linked): boolean {
  let table = element.parent;
  while (table && table.name !== 'table') table = table.parent;
  return /^(?:presentation|none)$/i.test(table?.attribs?.role ?? '');
}

/** Makes plain text of HTML: links stay with their address, images give their alternative text. Never throws. */
export function htmlToPlainText(html: string): string {
  if (html.length > MAX_LENGTH) return stripTags(html);
  try {
    return convert(html);
  } catch {
    // Elements nested by the thousand, as tags that are never closed give, are too deep for the stack.
    return stripTags(html);
  }
}

/** Takes out everything between angle brackets, in one pass, and decodes the escapes that templates make. */
export function stripTags(html: string): string {
  let text = '';
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    const close = open < 0 ? -1 : html.indexOf('>', open);
    text += html.slice(at, close < 0 ? html.length : open);
    if (close < 0) break;
    const hidden = /^<(style|script)\b/i.exec(html.slice(open, open + 8))?.[1];
    if (/^<(?:br|hr|p|div|tr|li|h[1-6])\b/i.test(html.slice(open, open + 5))) text += '\n';
    const end = hidden ? html.indexOf(`</${hidden}`, close) : -1;
    at = end < 0 ? close + 1 : end;
  }
  return text.replace(/&(?:lt|gt|quot|#39|nbsp|amp);/g, (escape) => ESCAPES[escape] ?? escape).trim();
}

const ESCAPES: Record<string, string> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&nbsp;': ' ',
  '&amp;': '&',
};

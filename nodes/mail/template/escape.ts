/** HTML made of values that are text. */

/** Escapes what HTML gives a meaning, in content and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => HTML_ESCAPES[character] ?? character);
}

const HTML_ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes a text and keeps its line breaks. */
export function escapeLines(text: string): string {
  return keepLines(escapeHtml(text));
}

/** Escaped text with its line breaks as HTML has them. */
export function keepLines(html: string): string {
  return html.replace(/\r\n|\r|\n/g, '<br>\n');
}

/** A payload as the body of an HTML mail, by the rules that flows for node-red-node-email count on. */
import { escapeLines } from './escape';

/** Whether a text has something that looks like a tag; what has one is taken for HTML. */
function isHtml(text: string): boolean {
  const open = text.search(/<[a-z]/i);
  return open >= 0 && text.includes('>', open);
}

/** Text as HTML shows it: HTML unchanged, anything else escaped, with its line breaks and spaces. */
export function payloadHtml(text: string): string {
  if (isHtml(text)) return text;
  // HTML runs spaces together, and tables of text live on them. The last one stays, so that lines can still be broken.
  return escapeLines(text).replace(/ {2,}/g, (spaces) => `${'&nbsp;'.repeat(spaces.length - 1)} `);
}

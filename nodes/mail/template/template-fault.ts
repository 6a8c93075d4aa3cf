/** The error for a template that is not usable: where to look, and why. */
import { t, translate } from '../../language/text';
import { MailError } from '../../types';
import { foreignTags, MUSTACHE } from './foreign-tags';

/** The error for a fault that mustache found; `at` is where it noticed, a position in the text. */
export function parseError(field: string, text: string, what: string, at: number): MailError {
  return templateError(field, text, faultPosition(text, what, at), what);
}

/** The error for a fault at a position in the text, with its line. */
export function templateError(field: string, text: string, position: number, reason: string): MailError {
  const line = text.slice(0, position).split('\n').length;
  return new MailError('TEMPLATE', t`The field ${field} is no valid template: line ${line}: ${reason}.`, {
    field,
    hint:
      foreignTags(text).length > 0
        ? translate(MUSTACHE)
        : t`Each {{#name}} needs its {{/name}}, and each {{ its }}.`,
    line,
  });
}

/** Where a person must look: the tag that was opened and never closed, not the end of the text. */
function faultPosition(text: string, what: string, at: number): number {
  if (what === 'Unclosed tag') {
    const opening = text.indexOf('{{', text.lastIndexOf('}}') + 1);
    return opening >= 0 ? opening : at;
  }
  const section = /^Unclosed section "(.*)"$/s.exec(what)?.[1];
  if (section === undefined) return at;
  const open: number[] = [];
  for (const tag of text.slice(0, at).matchAll(/\{\{\s*([#^/])\s*([^{}]*?)\s*\}\}/g)) {
    if (tag[2] !== section) continue;
    if (tag[1] === '/') open.pop();
    else open.push(tag.index);
  }
  return open.pop() ?? at;
}

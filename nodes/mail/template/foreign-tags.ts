/** Tags of other template languages: the placeholders of the original, which work, and those that mean nothing here. */
import { N_ } from '../../language/text';
import { parseExternal } from './scope';

/** The three placeholders of the original, which mean its tags of the same name. */
const PLACEHOLDER = /\$\{(index|event|error)\}/g;

/** The template with the placeholders of the original written as tags. */
export function withTags(text: string): string {
  return text.replace(PLACEHOLDER, '{{$1}}');
}

/** Tags of Handlebars, Jinja and the like, which mustache takes for names that no msg has. */
const FOREIGN_TAG = /^(?:each|if|unless|with|else)\b|[[(|?]|\bas\b |^(?:endif|endfor|for)\b/;

/** What to write instead. */
export const MUSTACHE = N_(
  'This is mustache, not Handlebars: {{#list}}…{{/list}} repeats for each item and shows nothing when there is none, {{^list}}…{{/list}} is the else, and {{list.0.name}} is of the first item.',
);

/** Names of tags that other languages have and mustache has not. */
export function foreignTags(text: string): string[] {
  const names = new Set<string>();
  for (const [, name = ''] of withTags(text).matchAll(/\{\{\{?[#^/&]?\s*([^{}]*?)\s*\}?\}\}/g)) {
    if (FOREIGN_TAG.test(name) && !parseExternal(name)) names.add(name);
  }
  return [...names];
}

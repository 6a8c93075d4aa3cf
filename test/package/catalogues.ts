/** What is wrong with a translation, compared with the texts that it is of: one line for each fault, none when it is right. */
import { cutText, keyOf } from '../../nodes/language/catalogue';
import { flatten } from './dist';

/** Compares a messages.json with the texts of the sources. */
export function faultsOfMessages(
  texts: readonly string[],
  catalogue: Readonly<Record<string, string>>,
): string[] {
  const known = new Set(texts);
  return [
    ...texts.flatMap((text) => faultsOfText(text, catalogue[text])),
    ...Object.keys(catalogue).flatMap((text) => (known.has(text) ? [] : `not in the sources: ${text}`)),
  ];
}

/** Compares the catalogue of a node type with the English one. */
export function faultsOfKeys(english: object, translated: object): string[] {
  const expected = flatten(english);
  const found = flatten(translated);
  return [
    ...[...expected].flatMap(([key, text]) => faultsOfText(key, found.get(key), text)),
    ...[...found.keys()].flatMap((key) => (expected.has(key) ? [] : `not in en-US: ${key}`)),
  ];
}

/** Compares the help of a node type with the English one: its headings and terms, and what is marked as code. */
export function faultsOfHelp(english: string, translated: string): string[] {
  const faults: string[] = [];
  const expected = outlineOf(english);
  const found = outlineOf(translated);
  if (found.tags.join(' ') !== expected.tags.join(' ')) {
    const at = expected.tags.findIndex((tag, i) => tag !== found.tags[i]);
    const place = at < 0 ? expected.tags.length : at;
    faults.push(`tag ${place + 1} is ${found.tags[place]} and should be ${expected.tags[place]}`);
  }
  for (const code of difference(expected.codes, found.codes)) faults.push(`no <code>${code}</code>`);
  for (const code of difference(found.codes, expected.codes))
    faults.push(`<code>${code}</code> is not in en-US`);
  return faults;
}

function faultsOfText(name: string, translation: string | undefined, text = name): string[] {
  if (translation === undefined) return [`no translation: ${name}`];
  if (translation.trim() === '') return [`empty: ${name}`];
  const expected = [...new Set(cutText(text).names)].sort();
  const found = [...new Set(cutText(translation).names)].sort();
  if (keyOf(expected) === keyOf(found)) return [];
  return [`has the values ${found.join(', ')} and not ${expected.join(', ')}: ${name}`];
}

/** The tags that make the outline of a help text, and the contents of its code elements, sorted. */
function outlineOf(html: string): { tags: string[]; codes: string[] } {
  const tags = [...html.matchAll(/<(script|p|h3|h4|dl|dt|dd|ul|ol|li|table|tr|th|td|pre|a)\b[^>]*>/g)];
  const codes = [...html.matchAll(/<code>([^]*?)<\/code>/g)];
  return {
    // With its attributes: the type of a node or of a property is not translated.
    tags: tags.map(([tag]) => tag.replace(/\s+/g, ' ')),
    codes: codes.map(([, code = '']) => code.replace(/\s+/g, ' ')).sort(),
  };
}

function difference(all: readonly string[], without: readonly string[]): string[] {
  const rest = [...without];
  return all.filter((item) => {
    const at = rest.indexOf(item);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

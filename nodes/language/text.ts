/**
 * Texts for people, as in gettext: the code holds them in English, catalogues hold translations (`npm run messages`).
 * What Node.js, nodemailer and mail servers say is shown as they say it.
 */
import { catalogueOf, keyOf, type Catalogue } from './catalogue';
import { currentLanguage } from './language';

/**
 * A text in the current language. Values are put where the translation wants them; a line break in the source, with the
 * indentation after it, is a space.
 */
export function t(strings: TemplateStringsArray, ...values: (string | number)[]): string {
  return textIn(catalogueOf(currentLanguage()), strings, values);
}

/** The same in the language of a catalogue; English when it has no translation. */
export function textIn(
  catalogue: Catalogue,
  strings: readonly string[],
  values: readonly (string | number)[],
): string {
  const original = strings.map(unbroken);
  const { pieces, order } = catalogue.get(keyOf(original)) ?? { pieces: original, order: [...values.keys()] };
  return pieces.reduce((text, piece, i) => text + String(values[order[i - 1] ?? 0]) + piece);
}

/** Marks a text that is translated when it is shown: the entry of a table, which is made before anybody asks. */
export function N_(text: string): string {
  return text;
}

/** A text that was marked with N_, in the current language. */
export function translate(text: string): string {
  return catalogueOf(currentLanguage()).get(text)?.pieces[0] ?? text;
}

/** One piece of a text that the source may write on several lines. */
export function unbroken(piece: string): string {
  return piece.replace(/\s*\n\s*/g, ' ');
}

/** Translations of the texts of the code: `locales/<language>/messages.json`, an object from each text to its translation. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The language of the texts in the code. */
export const ENGLISH = 'en-US';

const FILE = 'messages.json';

/** As in the other catalogues of Node-RED: `__name__` stands for a value. */
const PLACEHOLDER = /__([A-Za-z]\w*?)__/;

export interface Translation {
  /** What stands between the values. */
  pieces: string[];
  /** Which value of the original comes after each piece but the last. */
  order: number[];
}

/** The translations of one language by `keyOf` the pieces of the original. */
export type Catalogue = ReadonlyMap<string, Translation>;

const NOTHING: Catalogue = new Map();

/** Beside the code in dist/, and above it in the sources. */
const FOLDERS = [path.join(__dirname, '..', 'locales'), path.join(__dirname, '..', '..', 'locales')];

const known = new Map<string, Catalogue>();
let available: readonly string[] | undefined;

/** A text cut at its placeholders, and their names. */
export function cutText(text: string): { pieces: string[]; names: string[] } {
  const parts = text.split(PLACEHOLDER);
  return { pieces: parts.filter((_, i) => i % 2 === 0), names: parts.filter((_, i) => i % 2 === 1) };
}

/** One text for the pieces of a text, whatever the names between them. */
export function keyOf(pieces: readonly string[]): string {
  return pieces.join('\0');
}

/** The languages that have translations, and English. */
export function languages(): readonly string[] {
  available ??= [ENGLISH, ...translated().filter((language) => language !== ENGLISH)];
  return available;
}

/** The translations of a language, read at the first call; none when it has no catalogue or one that can not be read. */
export function catalogueOf(language: string): Catalogue {
  if (language === ENGLISH || !languages().includes(language)) return NOTHING;
  let catalogue = known.get(language);
  if (catalogue === undefined) {
    catalogue = loadCatalogue(path.join(folder(), language, FILE));
    known.set(language, catalogue);
  }
  return catalogue;
}

/** Reads a catalogue. A translation that is empty, or names a value that its original does not have, counts as none. */
export function readCatalogue(messages: Readonly<Record<string, unknown>>): Catalogue {
  const catalogue = new Map<string, Translation>();
  for (const [original, translation] of Object.entries(messages)) {
    if (typeof translation !== 'string' || translation === '') continue;
    const { pieces: from, names } = cutText(original);
    const { pieces, names: used } = cutText(translation);
    const order = used.map((name) => names.indexOf(name));
    if (!order.includes(-1)) catalogue.set(keyOf(from), { pieces, order });
  }
  return catalogue;
}

/** Reads the file of a catalogue; one that is missing or broken has no translations. Never throws. */
export function loadCatalogue(file: string): Catalogue {
  try {
    return readCatalogue(JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>);
  } catch {
    // A mail or an error must not be lost for want of its translation.
    return NOTHING;
  }
}

function translated(): string[] {
  try {
    const found = readdirSync(folder()).filter((name) => existsSync(path.join(folder(), name, FILE)));
    return found.sort();
  } catch {
    return [];
  }
}

function folder(): string {
  return FOLDERS.find((candidate) => existsSync(candidate)) ?? '';
}

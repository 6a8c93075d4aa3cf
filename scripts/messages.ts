/**
 * Brings the catalogues of all languages up to date with the code: `npm run messages`. New texts come with an empty
 * translation, and those that are gone leave. `npm run messages -- fr` begins the catalogue
 * of a language, and touches no other.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cutText, keyOf } from '../nodes/language/catalogue';
import { messagesIn, type Message } from './messages-in-source';

const ROOT = path.join(__dirname, '..');
const LOCALES = path.join(ROOT, 'locales');

export type Messages = Record<string, string>;

/** The sources of the runtime, with paths from the root of the package; the dialogs have their own catalogues. */
export function runtimeSources(): { file: string; source: string }[] {
  const files = readdirSync(path.join(ROOT, 'nodes'), { recursive: true, encoding: 'utf8' });
  return files
    .map((file) => path.posix.join('nodes', file.split(path.sep).join('/')))
    .filter((file) => file.endsWith('.ts') && !file.startsWith('nodes/editor/'))
    .sort()
    .map((file) => ({ file, source: readFileSync(path.join(ROOT, file), 'utf8') }));
}

/** Every text of the runtime, each once, in the order of the sources. */
export function allMessages(): Message[] {
  const messages = new Map<string, Message>();
  for (const { file, source } of runtimeSources()) {
    for (const message of messagesIn(file, source)) {
      if (!messages.has(message.key)) messages.set(message.key, message);
    }
  }
  return [...messages.values()];
}

/** A catalogue with exactly these texts. A translation stays as long as its text does, whatever its values are called now. */
export function updated(catalogue: Messages, messages: readonly Message[]): Messages {
  const known = new Map(Object.entries(catalogue).map((entry) => [keyOf(cutText(entry[0]).pieces), entry]));
  return Object.fromEntries(
    messages.map(({ key, text }) => {
      const [before, translation] = known.get(key) ?? [text, ''];
      return [text, renamed(translation, cutText(before).names, cutText(text).names)];
    }),
  );
}

function renamed(translation: string, before: string[], now: string[]): string {
  const { pieces, names } = cutText(translation);
  const newName = (name: string | undefined) => now[before.indexOf(name ?? '')] ?? name;
  return pieces.reduce((whole, piece, i) => `${whole}__${newName(names[i - 1])}__${piece}`);
}

function main(begun: string[]): void {
  const messages = allMessages();
  const existing = readdirSync(LOCALES).filter((language) => existsSync(catalogueFile(language)));
  for (const language of begun.length > 0 ? begun : existing) {
    const file = catalogueFile(language);
    const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Messages) : {};
    const now = updated(before, messages);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(now, null, 2)}\n`);
    const open = Object.values(now).filter((translation) => translation === '').length;
    console.log(`${language}: ${messages.length} texts, ${open} without a translation`);
  }
}

function catalogueFile(language: string): string {
  return path.join(LOCALES, language, 'messages.json');
}

if (require.main === module) main(process.argv.slice(2));

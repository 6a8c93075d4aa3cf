/** Which language texts are in at the moment: that of the process, or within a request of the editor that of the request. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { ENGLISH, languages } from './catalogue';

const ofWork = new AsyncLocalStorage<string | null>();
let ofProcess = ENGLISH;
let underWay = 0;

/** Sets the language of everything that no request asks for; English when there is none that is near. */
export function setLanguage(language: string): void {
  ofProcess = matchLanguage(language);
}

/** The language of the work that is under way. */
export function currentLanguage(): string {
  return ofWork.getStore() ?? ofProcess;
}

/** Does work, and all that it starts, in a language; null is that of the process. */
export function inLanguage<T>(language: string | null, work: () => T): T {
  underWay += 1;
  let result: T | undefined;
  try {
    result = ofWork.run(language, work);
    return result;
  } finally {
    if (result instanceof Promise) void result.then(workEnded, workEnded);
    else workEnded();
  }
}

function workEnded(): void {
  underWay -= 1;
  // While it is on, each promise of the process costs more; without work under way there is nothing to keep.
  if (underWay === 0) ofWork.disable();
}

/**
 * The language that fits the header Accept-Language best (RFC 9110 section 12.5.4): the same, else one of the same
 * language for another country, as `de` for `de-AT` and `pt-BR` for `pt`. English when there is none.
 */
export function matchLanguage(header: string | undefined, available = languages()): string {
  const wanted = (header ?? '').split(',').map(readRange);
  wanted.sort((a, b) => b.quality - a.quality);
  for (const { tag, quality } of wanted) {
    const nearest = quality > 0 ? nearestTo(tag, available) : undefined;
    if (nearest !== undefined) return nearest;
  }
  return ENGLISH;
}

/** `de-AT;q=0.8` */
function readRange(range: string): { tag: string; quality: number } {
  const [tag = '', weight = ''] = range.split(';');
  const quality = /^\s*q\s*=\s*([\d.]+)/i.exec(weight)?.[1] ?? '1';
  return { tag: tag.trim().toLowerCase(), quality: Number(quality) || 0 };
}

function nearestTo(tag: string, available: readonly string[]): string | undefined {
  const same = available.find((language) => language.toLowerCase() === tag);
  if (same !== undefined) return same;
  const [language, ...rest] = tag.split('-');
  const related = available.filter((candidate) => candidate.toLowerCase().split('-')[0] === language);
  // Taiwan, Hong Kong and Macau write traditional characters, all others simplified ones.
  const traditional = language === 'zh' && rest.some((part) => ['hant', 'tw', 'hk', 'mo'].includes(part));
  return related.find((candidate) => (candidate === 'zh-TW') === traditional) ?? related[0];
}

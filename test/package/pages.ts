/** The documentation as the tests look at it: README and the pages in docs/, their tables, headings and links. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { read, ROOT } from './dist';

/** Where the documentation can be read by those who have only the package, or the dialogs. */
const REPOSITORY = 'email-server-connector/node-red-send-email';

/** The pages of docs/, relative to the root. */
export const PAGES = readdirSync(path.join(ROOT, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);

/** What the package has of it. */
const SHIPPED = /^(?:docs\/[\w-]+\.md|README\.md|LICENSE)$/;

/** Everything in Markdown that a user or a contributor reads. */
export const PAPERS = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', ...PAGES].filter(
  (name) => existsSync(path.join(ROOT, name)),
);

/** The text below a heading such as `## Recipes`, down to the next one that is not below it. */
export function section(page: string, heading: string): string {
  const text = read(page);
  const start = text.indexOf(`\n${heading}\n`);
  assert.ok(start >= 0, `${page} has no heading "${heading}"`);
  const level = heading.indexOf(' ');
  const rest = text.slice(start + heading.length + 2);
  return rest.split(new RegExp(`^#{2,${level}} `, 'm'))[0] ?? '';
}

/** The cells of the first table in a text, without its two head lines. */
export function firstTable(text: string): string[][] {
  const table = /(?:^\|.*\n)+/m.exec(text)?.[0] ?? '';
  return table
    .trim()
    .split('\n')
    .slice(2)
    .map((row) => row.split(/(?<!\\)\|/).slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
}

export function unquoted(cell: string): string {
  return cell.replace(/`/g, '');
}

/** The anchors that GitHub makes of the headings of a page; the second of two like ones has `-1`. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutBlocks(markdown).matchAll(/^#+ (.+)$/gm)) {
    const plain = heading.toLowerCase().replace(/[^\p{L}\p{N}_\- ]/gu, '');
    const anchor = plain.replace(/ /g, '-');
    let unique = anchor;
    for (let i = 1; anchors.has(unique); i++) unique = `${anchor}-${i}`;
    anchors.add(unique);
  }
  return anchors;
}

export interface Link {
  target: string;
  image: boolean;
}

/** The links and images of Markdown or HTML. */
export function linksOf(text: string): Link[] {
  const markdown = [...withoutCode(text).matchAll(/(!?)\[(?:[^[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)/g)].map(
    ([, bang, target = '']) => ({ target, image: bang === '!' }),
  );
  const html = [...withoutCode(text).matchAll(/<(?:a|img)\b[^>]*?\b(?:href|src)="([^"]*)"/g)].map(
    ([tag, target = '']) => ({
      target,
      image: tag.startsWith('<img'),
    }),
  );
  return [...markdown, ...html];
}

/**
 * What is wrong with a link in a file of ours; undefined when it leads somewhere. Links into our own repository are
 * followed in this copy of it, other addresses are not tried.
 */
export function faultOfLink(page: string, { target, image }: Link): string | undefined {
  const own = new RegExp(
    `^https://(?:github\\.com/${REPOSITORY}/(?:blob|tree|raw)|raw\\.githubusercontent\\.com/${REPOSITORY})/HEAD/`,
  );
  if (/^[a-z]+:/i.test(target) && !own.test(target))
    return /^https:/.test(target) ? undefined : 'is not https';
  const inside = own.test(target);
  // The package has the pages and not the pictures, and npm and Node-RED show pages elsewhere.
  if (image && !inside) return 'is a picture that only this repository has';
  const [rest = '', anchor] = target.replace(own, '').split('#');
  const file = rest === '' ? page : path.posix.join(inside ? '.' : path.posix.dirname(page), decodeURI(rest));
  if (!existsSync(path.join(ROOT, file))) return `there is no ${file}`;
  if (!inside && PAGES.includes(page) && !SHIPPED.test(file)) return `${file} is not in the package`;
  if (anchor === undefined) return undefined;
  return anchorsOf(read(file)).has(anchor) ? undefined : `${file} has no heading #${anchor}`;
}

/** Without blocks of code: what looks like a heading in them is a comment. */
function withoutBlocks(markdown: string): string {
  return markdown.replace(/^ *```[^]*?^ *```$/gm, '');
}

function withoutCode(markdown: string): string {
  return withoutBlocks(markdown).replace(/`[^`\n]*`/g, '');
}

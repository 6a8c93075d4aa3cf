/** The built package as the tests look at it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';

export const ROOT = path.join(__dirname, '..', '..');
export const TYPES = ['email-server-connector', 'send-email'] as const;
export type NodeType = (typeof TYPES)[number];

type Validate = (this: object, value: unknown, options: { label?: string }) => true | string;

/** What a page registers, as far as the tests look at it. */
export interface Definition {
  name: string;
  defaults: Record<string, { value: unknown; label?: string; validate: Validate }>;
  credentials?: Record<string, { type: string }>;
  icon: string;
  outputs: number;
  outputLabels(index: number): string;
  label(this: object): string;
}

/** Builds dist/ when a source is newer than it. */
export function build(): void {
  execFileSync(process.execPath, ['scripts/build.mjs', '--if-stale'], { cwd: ROOT, stdio: 'inherit' });
}

export function read(...parts: string[]): string {
  return readFileSync(path.join(ROOT, ...parts), 'utf8');
}

export function readJson<T = Record<string, never>>(...parts: string[]): T {
  return JSON.parse(read(...parts)) as T;
}

/** The page of a node type, cut into what the editor takes from it. */
export function page(type: NodeType): { html: string; form: string; style: string; script: string } {
  const html = read('dist', `${type}.html`);
  const between = (start: RegExp, end: string) => {
    const found = start.exec(html);
    if (!found) throw new Error(`${type}.html has no ${start.source}`);
    const from = found.index + found[0].length;
    return html.slice(from, html.indexOf(end, from));
  };
  return {
    html,
    form: between(new RegExp(`<script type="text/html" data-template-name="${type}">`), '</script>'),
    style: between(/<style>/, '</style>'),
    script: between(/<script type="text\/javascript">/, '</script>'),
  };
}

/** What the page's script registers; texts are looked up in the en-US catalogue. */
export function definition(type: NodeType): Definition {
  const catalogue = flatten(readJson('dist', 'locales', 'en-US', `${type}.json`));
  let registered: Definition | undefined;
  const translate = (key: string, values: Record<string, unknown> = {}) => {
    const text = catalogue.get(key.slice(key.indexOf(':') + 1));
    return text?.replace(/__(\w+)__/g, (_, name: string) => String(values[name])) ?? key;
  };
  const RED = {
    _: translate,
    nodes: { registerType: (name: string, def: unknown) => (registered = { ...(def as Definition), name }) },
    utils: {
      validatePropertyExpression: (text: string) => (/^[\w.[\]]+$/.test(text) ? true : 'invalid'),
      validateTypedProperty: (text: string, type: string) =>
        type === 'jsonata' || /^[\w.[\]]+$/.test(text) ? true : `no ${type}`,
    },
  };
  vm.runInNewContext(page(type).script, { RED });
  if (!registered) throw new Error(`${type}.html registers nothing`);
  return registered;
}

/** The leaves of a catalogue by their full key. */
export function flatten(tree: object, prefix = ''): Map<string, string> {
  const leaves = new Map<string, string>();
  for (const [name, value] of Object.entries(tree)) {
    const key = prefix + name;
    if (typeof value === 'string') leaves.set(key, value);
    else for (const [inner, text] of flatten(value as object, `${key}.`)) leaves.set(inner, text);
  }
  return leaves;
}

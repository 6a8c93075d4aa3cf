/** Mustache templates: parsed once when the node starts, rendered for each mail. */
import { Context, Writer } from 'mustache';
import { N_, t, translate } from '../../language/text';
import { MailError } from '../../types';
import { formatAddress, type Address } from '../recipients/addresses';
import { lookUp, NamedValue, NamedView, parseExternal, type Precedence, type Scope } from './scope';
import type { Formats } from './formats';
import { shownValue, textView } from './text-view';

export type Escape = 'html' | 'none';

export interface Template {
  /** The field of the node that holds the template. */
  readonly field: string;
  /** True when the template is blank, so that the msg's own property is taken. */
  readonly blank: boolean;
  /** True when the template shows all events of a mail itself, with `{{#events}}`. */
  readonly hasEventsSection: boolean;
  /** Names beginning with `flow.`, `global.` or `env.`, as written: the caller resolves them for each msg. */
  readonly externals: readonly string[];
  /** Renders with a scope; throws MailError UNSET_VALUE in a strict template. `seen` notes which names had a value. */
  render(scope: Scope, escape: Escape, seen?: SeenNames): string;
}

/** Names of tags, and whether any of their uses had a value. */
export type SeenNames = Map<string, boolean>;

/** The names that had no value anywhere. */
export function missingNames(seen: SeenNames): string[] {
  return [...seen].flatMap(([name, found]) => (found ? [] : name));
}

/** What mustache makes of a template: kind, value, start, end, and for sections the inner tokens. */
type Token = [
  kind: string,
  value: string,
  start: number,
  end: number,
  inner?: Token[] | string,
  ...rest: unknown[],
];

export interface TemplateOptions {
  /** A tag without a value is an error. */
  strict?: boolean;
  /** How dates in msgs are written; in ISO 8601 of Greenwich without. */
  formats?: Formats;
}

/** The three placeholders of the original, which mean its tags of the same name. */
const PLACEHOLDER = /\$\{(index|event|error)\}/g;

/** The template with the placeholders of the original written as tags. */
export function withTags(text: string): string {
  return text.replace(PLACEHOLDER, '{{$1}}');
}

/**
 * Parses a template. With `strict`, as for addresses, a tag whose value is missing or blank is an error when it
 * is rendered, because the mail would go to somebody else than meant.
 * Throws MailError TEMPLATE that names the field, the line and the reason.
 */
export function compileTemplate(field: string, text: string, options: TemplateOptions = {}): Template {
  const precedence = options.strict ? 'externals' : 'msg';
  const writer = new TemplateWriter(options.strict ? field : null, options.formats);
  const tokens = parse(writer, field, withTags(text));
  const names = new Set<string>();
  let hasEventsSection = false;
  visit(tokens, (token) => {
    refuseUnusable(field, text, token);
    if (!/^[#^&]$|^name$/.test(token[0])) return;
    if (parseExternal(token[1])) names.add(token[1]);
    if (token[0] === '#' && token[1] === 'events') hasEventsSection = true;
  });
  return {
    field,
    blank: text.trim() === '',
    hasEventsSection,
    externals: [...names],
    render: (scope, escape, seen) =>
      writer.renderTokens(
        tokens as unknown as string[][],
        new ScopeContext(scope, precedence, seen),
        undefined,
        undefined,
        {
          escape: escape === 'html' ? escapeHtml : undefined,
        },
      ),
  };
}

/** Escapes what HTML gives a meaning, in content and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => HTML_ESCAPES[character] ?? character);
}

const HTML_ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Gives mustache our own rules of looking names up, for it calls functions and trips over null. */
class ScopeContext extends Context {
  constructor(
    private readonly scope: Scope,
    private readonly precedence: Precedence,
    private readonly seen: SeenNames | undefined,
  ) {
    super(scope.view);
  }

  override push(view: unknown): ScopeContext {
    // What an event lacks must not be taken from the one that it stands in.
    const scope = view instanceof NamedView ? { view } : { view, parent: this.scope };
    return new ScopeContext(scope, this.precedence, this.seen);
  }

  override lookup(name: string): unknown {
    return lookUp(this.scope, name, this.precedence);
  }

  note(name: string, value: unknown): void {
    if (this.seen && (value !== undefined || !this.seen.has(name))) this.seen.set(name, value !== undefined);
  }
}

/** Shows values by their text view, and refuses missing ones when it writes for a strict field. */
class TemplateWriter extends Writer {
  constructor(
    private readonly strictField: string | null,
    private readonly formats: Formats | undefined,
  ) {
    super();
  }

  override renderTokens(
    tokens: string[][],
    context: Context,
    partials?: never,
    original?: string,
    config?: { escape?: (value: string) => string },
  ): string {
    const text = super.renderTokens(tokens, context, partials, original, config);
    const view: unknown = context.view;
    return config?.escape && view instanceof NamedView ? view.finish(text) : text;
  }

  override escapedValue(
    token: string[],
    context: Context,
    config?: { escape?: (value: string) => string },
  ): string {
    if (!config?.escape) return this.unescapedValue(token, context);
    const name = token[1] ?? '';
    const text = config.escape(this.unescapedValue(token, context));
    return KEEPS_LINES.test(name) && context.lookup(name) instanceof NamedValue
      ? text.replace(/\r\n|\r|\n/g, '<br>\n')
      : text;
  }

  override unescapedValue(token: string[], context: Context): string {
    const name = token[1] ?? '';
    const value: unknown = context.lookup(name);
    if (context instanceof ScopeContext) context.note(name, value);
    if (this.strictField === null) return textView(value, this.formats);
    // A list in an address field means several addresses, and one that is missing among them is as bad as none.
    const texts = (Array.isArray(value) ? value : [value]).map(addressText);
    if (texts.length > 0 && texts.every((text) => text.trim() !== '')) return texts.join(', ');
    throw new MailError('UNSET_VALUE', t`${this.strictField}: {{${name}}} has no value in this msg.`, {
      field: this.strictField,
      hint: t`Set it before the mail node, or write {{#${name}}}…{{/${name}}} around it if it may be missing.`,
    });
  }
}

/** The texts of ours that can have several lines, which HTML would run together. */
const KEEPS_LINES = /(?:^|\.)(?:event|error)$/;

/** An address field takes what msg.to may be: a text, or an object with `address` and perhaps `name`. */
function addressText(value: unknown): string {
  const { name, address } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Address>;
  if (typeof address !== 'string') return textView(value);
  return formatAddress({ address, name: typeof name === 'string' ? name : '' });
}

function parse(writer: Writer, field: string, text: string): Token[] {
  try {
    // The usual tags are named, because any other node can change mustache's own default.
    return writer.parse(text, ['{{', '}}']) as Token[];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const [, what, at] = /^(.*?)(?: at (\d+))?$/s.exec(reason) ?? [];
    throw broken(field, text, faultPosition(text, what ?? reason, Number(at ?? 0)), what ?? reason);
  }
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

function refuseUnusable(field: string, text: string, [kind, value, start]: Token): void {
  if (kind === 'text' || kind === '!' || kind === '=') return;
  if (kind === '>') throw broken(field, text, start, t`There are no partials, but it has {{> ${value}}}`);
  // A tag that is not closed on its line swallows the text up to the end of a later tag.
  if (/[\r\n]|\{\{/.test(value))
    throw broken(field, text, start, t`Unclosed tag ${shownValue(`{{${value}`, 40)}`);
  if (value.trim() === '') throw broken(field, text, start, t`A tag without a name`);
}

function broken(field: string, text: string, position: number, reason: string): MailError {
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

function visit(tokens: Token[], see: (token: Token) => void): void {
  for (const token of tokens) {
    see(token);
    if (Array.isArray(token[4])) visit(token[4], see);
  }
}

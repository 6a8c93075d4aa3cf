/** Mustache templates: parsed once when the node starts, rendered for each mail. */
import { Context, Writer } from 'mustache';
import { t } from '../language/text';
import { MailError } from '../types';
import { formatAddress, type Address } from './addresses';
import { lookUp, parseExternal, type Scope } from './scope';
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
  /** Renders with a scope; throws MailError UNSET_VALUE in a strict template. */
  render(scope: Scope, escape: Escape): string;
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

/**
 * Parses a template. With `strict`, as for addresses, a tag whose value is missing or blank is an error when it
 * is rendered, because the mail would go to somebody else than meant.
 * Throws MailError TEMPLATE that names the field, the line and the reason.
 */
export function compileTemplate(field: string, text: string, options: { strict?: boolean } = {}): Template {
  const writer = new TemplateWriter(options.strict ? field : null);
  const tokens = parse(writer, field, text);
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
    render: (scope, escape) =>
      writer.renderTokens(tokens as unknown as string[][], new ScopeContext(scope), undefined, undefined, {
        escape: escape === 'html' ? escapeHtml : (shown: string) => shown,
      }),
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
  constructor(private readonly scope: Scope) {
    super(scope.view);
  }

  override push(view: unknown): ScopeContext {
    return new ScopeContext({ view, parent: this.scope });
  }

  override lookup(name: string): unknown {
    return lookUp(this.scope, name);
  }
}

/** Shows values by their text view, and refuses missing ones when it writes for a strict field. */
class TemplateWriter extends Writer {
  constructor(private readonly strictField: string | null) {
    super();
  }

  override escapedValue(
    token: string[],
    context: Context,
    config?: { escape?: (value: string) => string },
  ): string {
    const text = this.unescapedValue(token, context);
    return config?.escape ? config.escape(text) : text;
  }

  override unescapedValue(token: string[], context: Context): string {
    const name = token[1] ?? '';
    const value: unknown = context.lookup(name);
    if (this.strictField === null) return textView(value);
    // A list in an address field means several addresses, and one that is missing among them is as bad as none.
    const texts = (Array.isArray(value) ? value : [value]).map(addressText);
    if (texts.length > 0 && texts.every((text) => text.trim() !== '')) return texts.join(', ');
    throw new MailError('UNSET_VALUE', t`${this.strictField}: {{${name}}} has no value in this msg.`, {
      field: this.strictField,
      hint: t`Set it before the mail node, or write {{#${name}}}…{{/${name}}} around it if it may be missing.`,
    });
  }
}

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
    hint: t`Each {{#name}} needs its {{/name}}, and each {{ its }}.`,
    line,
  });
}

function visit(tokens: Token[], see: (token: Token) => void): void {
  for (const token of tokens) {
    see(token);
    if (Array.isArray(token[4])) visit(token[4], see);
  }
}

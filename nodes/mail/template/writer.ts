/** How mustache finds and writes values for us: by our scope, as text views, and strictly in address fields. */
import { Context, Writer } from 'mustache';
import { t } from '../../language/text';
import { MailError } from '../../types';
import { formatAddress, type Address } from '../recipients/addresses';
import { keepLines } from './escape';
import type { Formats } from './formats';
import type { Marks } from './text-layouts';
import { lookUp, NamedValue, NamedView, type Precedence, type Scope } from './scope';
import { textView } from './text-view';

/** Names of tags, and whether any of their uses had a value. */
export type SeenNames = Map<string, boolean>;

/** The names that had no value anywhere. */
export function missingNames(seen: SeenNames): string[] {
  return [...seen].flatMap(([name, found]) => (found ? [] : name));
}

/** How values are written into HTML. */
export interface WriterConfig {
  /** Left out where nothing is escaped. */
  escape?: (value: string) => string;
  marks?: Marks | undefined;
}

/** Gives mustache our own rules of looking names up, for it calls functions and trips over null. */
export class ScopeContext extends Context {
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
export class TemplateWriter extends Writer {
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
    config?: WriterConfig,
  ): string {
    const text = super.renderTokens(tokens, context, partials, original, config);
    const view: unknown = context.view;
    return config?.escape && view instanceof NamedView ? view.finish(text) : text;
  }

  override escapedValue(token: string[], context: Context, config?: WriterConfig): string {
    const text = this.unescapedValue(token, context);
    if (!config?.escape) return text;
    const name = token[1] ?? '';
    const lines = KEEPS_LINES.test(name) && context.lookup(name) instanceof NamedValue;
    if (config.marks) return config.marks.write(text, lines);
    return lines ? keepLines(config.escape(text)) : config.escape(text);
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

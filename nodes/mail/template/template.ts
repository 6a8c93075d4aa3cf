/** Mustache templates: parsed once when the node starts, rendered for each mail. */
import { t } from '../../language/text';
import { escapeHtml } from './escape';
import { withTags } from './foreign-tags';
import type { Formats } from './formats';
import { parseExternal, type Scope } from './scope';
import { parseError, templateError } from './template-fault';
import type { Marks } from './text-layouts';
import { shownValue } from './text-view';
import { ScopeContext, TemplateWriter, type SeenNames } from './writer';

export type Escape = 'html' | 'none';

export interface Template {
  /** The field of the node that holds the template. */
  readonly field: string;
  /** True when the template is blank, so that the msg's own property is taken. */
  readonly blank: boolean;
  /** True when the template shows all events of a mail itself, with `{{#events}}`. */
  readonly hasEventsSection: boolean;
  /** True when it has `{{{name}}}` or `{{&name}}`, whose values are HTML in an HTML body. */
  readonly hasRawValues: boolean;
  /** Names beginning with `flow.`, `global.` or `env.`, as written: the caller resolves them for each msg. */
  readonly externals: readonly string[];
  /** Renders with a scope; throws MailError UNSET_VALUE in a strict template. `seen` notes which names had a value,
   * `marks` the values of HTML. */
  render(scope: Scope, escape: Escape, seen?: SeenNames, marks?: Marks): string;
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
  let hasRawValues = false;
  visit(tokens, (token) => {
    refuseUnusable(field, text, token);
    if (!/^[#^&]$|^name$/.test(token[0])) return;
    if (parseExternal(token[1])) names.add(token[1]);
    if (token[0] === '&') hasRawValues = true;
    if (token[0] === '#' && token[1] === 'events') hasEventsSection = true;
  });
  return {
    field,
    blank: text.trim() === '',
    hasEventsSection,
    hasRawValues,
    externals: [...names],
    render: (scope, escape, seen, marks) =>
      writer.renderTokens(
        tokens as unknown as string[][],
        new ScopeContext(scope, precedence, seen),
        undefined,
        undefined,
        {
          escape: escape === 'html' ? escapeHtml : undefined,
          marks,
        },
      ),
  };
}

function parse(writer: TemplateWriter, field: string, text: string): Token[] {
  try {
    // The usual tags are named, because any other node can change mustache's own default.
    return writer.parse(text, ['{{', '}}']) as Token[];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const [, what, at] = /^(.*?)(?: at (\d+))?$/s.exec(reason) ?? [];
    throw parseError(field, text, what ?? reason, Number(at ?? 0));
  }
}

function refuseUnusable(field: string, text: string, [kind, value, start]: Token): void {
  if (kind === 'text' || kind === '!' || kind === '=') return;
  if (kind === '>')
    throw templateError(field, text, start, t`There are no partials, but it has {{> ${value}}}`);
  // A tag that is not closed on its line swallows the text up to the end of a later tag.
  if (/[\r\n]|\{\{/.test(value))
    throw templateError(field, text, start, t`Unclosed tag ${shownValue(`{{${value}`, 40)}`);
  if (value.trim() === '') throw templateError(field, text, start, t`A tag without a name`);
}

function visit(tokens: Token[], see: (token: Token) => void): void {
  for (const token of tokens) {
    see(token);
    if (Array.isArray(token[4])) visit(token[4], see);
  }
}

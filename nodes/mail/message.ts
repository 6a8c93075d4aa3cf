/** From a node's fields and one msg to an event that is checked and knows which mail it belongs to. */
import { t, translate } from '../language/text';
import { MailError, type Msg, type Priority, type SkippedAttachment } from '../types';
import type { LoadedAttachment } from './attachments/attachments';
import { batchKey } from './batch-key';
import type { MailConfig } from './config';
import { eventViews, mailScope } from './template/event';
import { createFormats, type Formats } from './template/formats';
import { readHeaders, readPriority, type MailHeader } from './headers';
import { createRecipientReader, type MailAddresses, type RecipientReader } from './recipients/recipients';
import type { Externals, Scope } from './template/scope';
import { foreignTags, MUSTACHE } from './template/foreign-tags';
import { compileTemplate, type Template } from './template/template';
import { createTextLayouts, type TextLayouts } from './template/text-layouts';
import { textView } from './template/text-view';
import {
  NO_VALUES,
  typedAddresses,
  typedSources,
  type FieldValues,
  type TypedField,
  type TypedSource,
} from './typed-fields';

/** The fields of a node with their templates parsed. */
export interface CompiledMessage {
  readonly config: MailConfig;
  readonly templates: Readonly<Record<TemplateField, Template>>;
  /** Every `flow.`, `global.` and `env.` name in them; resolve these for each msg. */
  readonly externals: readonly string[];
  /** The fields that are no templates; resolve these for each msg, too. */
  readonly typed: ReadonlyMap<TypedField, TypedSource>;
  readonly recipientsOf: RecipientReader;
  /** How times and numbers are written. */
  readonly formats: Formats;
  /** The text parts of its HTML mails. */
  readonly layouts: TextLayouts;
}

type AddressField = 'from' | 'to' | 'cc' | 'bcc' | 'replyTo';
type TemplateField = AddressField | 'subject' | 'template' | 'batchBy';

/** One msg, checked and ready to wait for its mail. Plain data, and the msg itself. */
export interface MailEvent {
  msg: Msg;
  /** When the msg arrived, ms since the epoch. */
  arrivedAt: number;
  externals: Externals;
  addresses: MailAddresses;
  /** The subject as it was when the msg arrived; only when the field is no template. */
  subject?: string;
  /** Events with the same key share a mail. */
  key: string;
  /** `high` leaves at once, alone. */
  priority: Priority;
  headers: MailHeader[];
  inReplyTo?: string;
  references?: string;
  /** Empty until the caller has read them. */
  attachments: LoadedAttachment[];
  skippedAttachments: SkippedAttachment[];
}

/** What an event depends on besides the node's fields and the msg. */
export interface Circumstances {
  /** Values of the names in `CompiledMessage.externals`. */
  externals: Externals;
  /** Values of the fields in `CompiledMessage.typed`. */
  values?: FieldValues;
  /** Title of the connector. */
  connector: string;
  /** Arrival of the msg, ms since the epoch. */
  now: number;
  /** The property mail.from. */
  mailFrom?: string;
  username?: string;
}

/** Parses all templates; the errors (MailError TEMPLATE) mean that the node must not start, the warnings (FOREIGN_TAG) do not. */
export function compileMessage(config: MailConfig): {
  message: CompiledMessage | null;
  errors: MailError[];
  warnings: MailError[];
} {
  const errors: MailError[] = [];
  const warnings: MailError[] = [];
  const typed = typedSources(config);
  const formats = createFormats(config.timeZone);
  function compile(field: TemplateField, options: { strict?: boolean } = {}): Template {
    if (typed.has(field as TypedField)) return compileTemplate(field, '');
    try {
      const template = compileTemplate(field, config[field], { ...options, formats });
      warnings.push(...foreignTags(config[field]).map((name) => foreignTag(field, name)));
      return template;
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      errors.push(error);
      return compileTemplate(field, '');
    }
  }
  const strict = { strict: true };
  const templates = {
    from: compile('from', strict),
    to: compile('to', strict),
    cc: compile('cc', strict),
    bcc: compile('bcc', strict),
    replyTo: compile('replyTo', strict),
    subject: compile('subject'),
    template: compile('template'),
    batchBy: compile('batchBy'),
  };
  const externals = [...new Set(Object.values(templates).flatMap((template) => template.externals))];
  const message = {
    config,
    templates,
    externals,
    typed,
    recipientsOf: createRecipientReader(),
    formats,
    layouts: createTextLayouts(),
  };
  return { message: errors.length > 0 ? null : message, errors, warnings };
}

function foreignTag(field: string, name: string): MailError {
  return new MailError('FOREIGN_TAG', t`The field ${field} has {{${name}}}, which stays empty`, {
    hint: translate(MUSTACHE),
    field,
  });
}

/**
 * Checks a msg and says which mail it belongs to. Throws MailError for what no mail can be made of: UNSET_VALUE,
 * BAD_ADDRESS, NO_SENDER, NO_RECIPIENT, BAD_HEADER; nothing is queued then.
 */
export function prepareEvent(
  message: CompiledMessage,
  msg: Msg,
  circumstances: Circumstances,
): { event: MailEvent; warnings: string[] } {
  const { externals, values = NO_VALUES, connector, now, mailFrom, username } = circumstances;
  const source = { msg, arrivedAt: now, externals, skippedAttachments: [] };
  const scope = mailScope(eventViews([source], { connector, now, formats: message.formats }));

  const given = (field: AddressField) => fieldOrMsg(message, field, msg, scope, values);
  const { addresses, key } = message.recipientsOf({
    from: given('from'),
    to: given('to'),
    cc: given('cc'),
    bcc: given('bcc'),
    replyTo: given('replyTo'),
    envelope: msg.envelope,
    mailFrom,
    username,
  });
  const subject = typedSubject(message, values);
  const { warnings, ...headers } = readHeaders(msg);
  const { priority, warnings: priorityWarnings } = readPriority(msg, message.config.priority);
  const batchBy = message.typed.has('batchBy')
    ? textView(values.batchBy, message.formats)
    : message.templates.batchBy.render(scope, 'none');
  return {
    event: {
      msg,
      arrivedAt: now,
      externals,
      addresses,
      ...(subject === undefined ? {} : { subject }),
      key: batchKey([key, batchBy]),
      priority,
      ...headers,
      attachments: [],
      skippedAttachments: [],
    },
    warnings: [...warnings, ...priorityWarnings, ...copiesOfReceived(message, msg)],
  };
}

/** The fields of the node that a received mail fills in when they are empty, besides the one that a flow sets. */
const COPIES = ['from', 'cc', 'bcc', 'replyTo'] as const;

/** A mail that was received and is sent on takes its other recipients along, which is seldom meant. */
function copiesOfReceived({ templates, typed }: CompiledMessage, msg: Msg): string[] {
  const isSet = (field: AddressField) => typed.has(field) || !templates[field].blank;
  const received = typeof msg.header === 'object' && msg.header !== null && msg.from !== undefined;
  if (!received) return [];
  const taken = COPIES.filter((field) => !isSet(field) && !isEmpty(msg[field]));
  if (taken.length === 0) return [];
  const names = taken.map((field) => `msg.${field}`).join(', ');
  return [
    t`The msg looks like a mail that was received, and its ${names} is used for the mail that is sent on.
      Delete it before the node, or fill in the field, if that is not meant.`,
  ];
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
  );
}

/** Characters; a header line has at most 998 octets (RFC 5322 section 2.1.1), and a word cannot be folded. */
const MAX_SUBJECT = 900;

/**
 * The subject as the template gives it, or when the field is empty msg.subject, else msg.topic; one line, and the title of
 * the connector when nothing is in it.
 */
export function subjectOf(
  message: CompiledMessage,
  scope: Scope,
  first: MailEvent,
  connector: string,
): string {
  const { templates, formats } = message;
  const { msg, subject } = first;
  const text =
    subject ??
    (templates.subject.blank
      ? textView(msg.subject ?? msg.topic, formats)
      : templates.subject.render(scope, 'none'));
  return oneLine(text) || oneLine(connector);
}

/** Line breaks, tabs and other control characters become one space, and what no mail program would show is cut. */
function oneLine(text: string): string {
  const line = text.replace(/\s*[\p{Cc}\u2028\u2029]+\s*/gu, ' ').trim();
  if (line.length <= MAX_SUBJECT) return line;
  return `${line.slice(0, MAX_SUBJECT).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** The subject of a field that is no template, any value as text; undefined for a template. */
export function typedSubject({ typed, formats }: CompiledMessage, values: FieldValues): string | undefined {
  return typed.has('subject') ? textView(values.subject, formats) : undefined;
}

function fieldOrMsg(
  message: CompiledMessage,
  field: AddressField,
  msg: Msg,
  scope: Scope,
  values: FieldValues,
): unknown {
  const source = message.typed.get(field);
  if (source) return typedAddresses(source, values[field]);
  const template = message.templates[field];
  return template.blank ? msg[field] : template.render(scope, 'none');
}

/** The fields of a send-email node that say what its mails look like, read from the flow and checked. */
import path from 'node:path';
import { t } from '../language/text';
import { MailError, type Priority } from '../types';
import type { AttachMode } from './attachments/attachments';
import { isTimeZone } from './template/formats';
import { shownValue } from './template/text-view';
import { FIELD_TYPES, TYPED_FIELDS, type FieldType, type TypedField, type TypeNames } from './typed-fields';

export type MailFormat = 'html' | 'text';

/** A field that may be typed has its type beside: `toType` for `to`. */
export interface MailConfig extends TypeNames {
  from: string;
  to: string;
  cc: string;
  bcc: string;
  replyTo: string;
  subject: string;
  template: string;
  format: MailFormat;
  /** Events in one mail; 1 = each at once. */
  batchSize: number;
  /** Seconds from the first event of a batch until it is sent. */
  batchTimeout: number;
  batchBy: string;
  /** What of the msg is attached besides msg.attachments. */
  attach: AttachMode | 'none';
  attachProperty: string;
  attachFolder: string;
  /** Most attachments in one mail, in MiB (1,048,576 bytes), before their transfer encoding. */
  attachMaxMb: number;
  priority: Priority;
  /** IANA time zone of the times in the mail; empty: that of the machine. */
  timeZone: string;
  /** Keep the last msgs in memory as samples for the preview. */
  keepSamples: boolean;
  /** msg.action starts and stops the connector. */
  control: boolean;
}

/**
 * Above the largest message that the big providers take (Exchange Online 150 MB encoded, so 109 MB of files),
 * a mail can only fail; and each mail is held in memory while it is composed.
 */
const MOST_ATTACH_MB = 100;

export const MAIL_DEFAULTS: Readonly<MailConfig> = {
  from: '',
  fromType: 'str',
  to: '',
  toType: 'str',
  cc: '',
  ccType: 'str',
  bcc: '',
  bccType: 'str',
  replyTo: '',
  replyToType: 'str',
  subject: '{{topic}}',
  subjectType: 'str',
  template: '{{index}}: {{event}}<br>{{error}}<hr>',
  format: 'html',
  batchSize: 1,
  batchTimeout: 10,
  batchBy: '',
  batchByType: 'str',
  attach: 'none',
  attachProperty: 'payload',
  attachFolder: '',
  attachMaxMb: 10,
  priority: 'normal',
  timeZone: '',
  keepSamples: false,
  control: true,
};

/** What stands for the default template in a mail of format text. */
const TEXT_TEMPLATE = '{{index}}: {{event}}{{#error}}\n{{error}}{{/error}}\n';

/** The placeholders of the original, which look like environment variables. */
const PLACEHOLDER = /^(?:index|event|error)$/;

/**
 * Reads the mail fields of a node's flow configuration. A missing field has its default; numbers and booleans
 * may be text, as they are when they come from `${NAME}`. Errors mean that the node must not start.
 */
export function readConfig(raw: Record<string, unknown>): {
  config: MailConfig;
  errors: MailError[];
  warnings: string[];
} {
  const errors: MailError[] = [];
  const warnings: string[] = [];

  function refuse(field: string, hint: string): void {
    errors.push(
      new MailError('BAD_FIELD', t`The field ${field} is ${shownValue(raw[field])}.`, { hint, field }),
    );
  }

  function text<K extends keyof MailConfig>(field: K): string {
    const value = raw[field];
    if (value === undefined || value === null) return MAIL_DEFAULTS[field] as string;
    if (typeof value === 'object') refuse(field, t`Set ${field} to text.`);
    const string = typeof value === 'string' ? value : shownText(value);
    const unset = /^\$[{(]([A-Za-z_]\w*)[})]$/.exec(string.trim());
    const placeholder = (field === 'template' || field === 'subject') && PLACEHOLDER.test(unset?.[1] ?? '');
    if (unset && !placeholder) {
      const message = t`The field ${field} is ${string.trim()}, but the environment variable ${unset[1] ?? ''} is not set.`;
      errors.push(
        new MailError('UNSET_ENV', message, {
          hint: t`Set ${unset[1] ?? ''}, or write the value itself.`,
          field,
        }),
      );
    }
    return string;
  }

  function number(
    field: 'batchSize' | 'batchTimeout' | 'attachMaxMb',
    fits: (n: number) => boolean,
    range: string,
  ) {
    const string = text(field).toString().trim();
    if (string === '') return MAIL_DEFAULTS[field];
    const value = Number(string);
    if (Number.isFinite(value) && fits(value)) return value;
    if (!isEnvReference(string)) refuse(field, t`Set ${field} to ${range}.`);
    return MAIL_DEFAULTS[field];
  }

  function choice<T extends string>(field: 'format' | 'priority', choices: readonly T[], fallback: T): T {
    const string = text(field).trim().toLowerCase();
    if (string === '') return fallback;
    const found = choices.find((one) => one === string);
    if (!found && !isEnvReference(string)) refuse(field, t`Set ${field} to one of ${choices.join(', ')}.`);
    return found ?? fallback;
  }

  function fieldType(field: TypedField): FieldType {
    const name = `${field}Type` as const;
    const value = raw[name];
    if (value === undefined || value === null || value === '') return 'str';
    const found = FIELD_TYPES.find((type) => type === value);
    if (!found) refuse(name, t`Set ${name} to one of ${FIELD_TYPES.join(', ')}; str is a template.`);
    return found ?? 'str';
  }

  function flag(field: 'keepSamples' | 'control'): boolean {
    const string = String(text(field)).trim().toLowerCase();
    if (string === 'true' || string === 'false') return string === 'true';
    if (string !== '' && !isEnvReference(string)) refuse(field, t`Set ${field} to true or false.`);
    return MAIL_DEFAULTS[field];
  }

  function attach(): MailConfig['attach'] {
    const string = String(raw.attach === undefined || raw.attach === null ? '' : text('attach'))
      .trim()
      .toLowerCase();
    if (string === 'true') return 'files';
    if (string === 'buffers') return 'buffers';
    if (string !== 'false' && string !== '' && !isEnvReference(string)) {
      refuse('attach', t`Set attach to true, buffers or false.`);
    }
    return 'none';
  }

  function timeZone(): string {
    const name = text('timeZone').trim();
    if (isTimeZone(name) || isEnvReference(name)) return name;
    refuse(
      'timeZone',
      t`Set timeZone to a name such as Europe/Berlin, or leave it empty for that of this machine.`,
    );
    return '';
  }

  const types = Object.fromEntries(
    TYPED_FIELDS.map((field) => [`${field}Type`, fieldType(field)]),
  ) as TypeNames;
  const config: MailConfig = {
    ...types,
    from: text('from'),
    to: text('to'),
    cc: text('cc'),
    bcc: text('bcc'),
    replyTo: text('replyTo'),
    subject: text('subject'),
    template: text('template'),
    format: choice('format', ['html', 'text'], 'html'),
    batchSize: number(
      'batchSize',
      (n) => Number.isInteger(n) && n >= 1 && n <= 1000,
      t`a whole number from 1 to 1000`,
    ),
    batchTimeout: number(
      'batchTimeout',
      (n) => n >= 1 && n <= 86_400,
      t`a number of seconds from 1 to 86400`,
    ),
    batchBy: text('batchBy'),
    attach: attach(),
    attachProperty: text('attachProperty').trim() || MAIL_DEFAULTS.attachProperty,
    attachFolder: text('attachFolder').trim(),
    attachMaxMb: number(
      'attachMaxMb',
      (n) => n > 0 && n <= MOST_ATTACH_MB,
      t`a number of megabytes above 0, at most ${MOST_ATTACH_MB}`,
    ),
    priority: choice('priority', ['high', 'normal', 'low'], 'normal'),
    timeZone: timeZone(),
    keepSamples: flag('keepSamples'),
    control: flag('control'),
  };

  if (config.format === 'text' && config.template === MAIL_DEFAULTS.template) config.template = TEXT_TEMPLATE;
  if (config.template.trim() === '') {
    warnings.push(
      t`The field template is empty, so the mails have no body. Write {{event}} to show the payload.`,
    );
  }
  if (config.attach === 'files' && config.attachFolder === '') {
    warnings.push(
      t`The field attach is on, but attachFolder is empty: mails go out without the files named by a path.
        Set attachFolder to the folder that holds them.`,
    );
  }
  if (
    config.attachFolder !== '' &&
    !path.isAbsolute(config.attachFolder) &&
    !isEnvReference(config.attachFolder)
  ) {
    warnings.push(
      t`The field attachFolder is ${shownValue(config.attachFolder)}, which is taken from the folder that Node-RED
        was started in: ${shownValue(path.resolve(config.attachFolder), 300)}. Write the whole path to be sure.`,
    );
  }
  return { config, errors, warnings };
}

function shownText(value: unknown): string {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function isEnvReference(text: string): boolean {
  return /^\$[{(]\w+[})]$/.test(text);
}

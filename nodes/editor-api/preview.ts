/** Shows what a send-email node would make of sample msgs. */
import { explanation } from '../language/explanation';
import { t } from '../language/text';
import { formatAddress } from '../mail/recipients/addresses';
import { readConfig } from '../mail/config';
import { buildContent } from '../mail/content';
import {
  compileMessage,
  prepareEvent,
  typedSubject,
  type Circumstances,
  type CompiledMessage,
  type MailEvent,
} from '../mail/message';
import { checkAllowed, UNRESTRICTED, type Restrictions } from '../mail/recipients/restrictions';
import type { Externals } from '../mail/template/scope';
import { NO_VALUES, type TypedField, type TypedSource } from '../mail/typed-fields';
import type { FieldReader } from '../sender/field-values';
import { MailError, type Msg } from '../types';
import { readFields, type Fields } from './body';
import { badRequest } from './errors';
import { largestOutput } from './preview-size';

export interface PreviewProblem {
  /** The field of the node, or of the msg; empty when it is about no single one. */
  field: string;
  code: string;
  message: string;
  /** Of a field with several lines, from 1. */
  line?: number;
}

export interface PreviewAnswer {
  subject: string;
  /** Null for a mail of format text, and when nothing could be rendered. */
  html: string | null;
  text: string;
  to: string[];
  /** Left out when there are none. */
  cc?: string[];
  bcc?: string[];
  errors: PreviewProblem[];
  /** Names in the body that have no value in these msgs. */
  missing: string[];
}

/** What the node would find around it. */
export interface PreviewSurroundings {
  /** Title of the connector, and the sender that it gives to mails without one. */
  connector: { title: string; mailFrom: string | null; username: string; restrictions?: Restrictions };
  /** The values for names beginning with `flow.`, `global.` or `env.`. */
  externals: (names: readonly string[]) => Promise<Externals>;
  /** Reads the fields that are no templates. */
  fields: (typed: ReadonlyMap<TypedField, TypedSource>) => Promise<FieldReader>;
  now: number;
}

const MOST_MESSAGES = 1000;

/** Characters and repetitions; more than anybody reads, and laid out in about a second. */
const LARGEST_OUTPUT = 2_000_000;

/** Different problems that are shown. */
const MOST_PROBLEMS = 20;

/**
 * Renders `{node, messages}` as one mail, whatever the batch size: how many samples make a mail is for the asker to say.
 * Nothing is read from disk. What is wrong with fields, templates or msgs is in the answer; throws MailError BAD_REQUEST
 * when the body is none.
 */
export async function preview(
  body: unknown,
  around: (node: Fields) => PreviewSurroundings,
): Promise<PreviewAnswer> {
  const fields = readFields(t`The body`, body);
  const node = readFields('node', fields.node);
  const messages = readMessages(fields.messages);
  const problems: PreviewProblem[] = [];
  const note = (error: unknown, place = '') => {
    const problem = problemOf(error, place);
    const known = problems.some(({ message }) => message === problem.message);
    if (!known && problems.length < MOST_PROBLEMS) problems.push(problem);
  };

  const { config, errors } = readConfig(node);
  errors.forEach((error) => note(error));
  const { message, errors: templateErrors, warnings } = compileMessage(config);
  [...templateErrors, ...warnings].forEach((error) => note(error));
  const nothing = { subject: '', html: null, text: '', to: [], errors: problems, missing: [] };
  if (message === null) return nothing;

  const { connector, externals, fields: readerOf, now } = around(node);
  const reader = await readerOf(message.typed);
  reader.errors.forEach((error) => note(error));
  if (reader.errors.length > 0) return nothing;
  const values = await externals(message.externals).catch((error: unknown) => {
    note(error);
    return {};
  });
  const tooLarge = fieldTooLarge(message, messages, values);
  if (tooLarge !== null) {
    note(tooLarge);
    return nothing;
  }
  const { title, mailFrom, username, restrictions = UNRESTRICTED } = connector;
  const events = await readEvents(
    message,
    messages,
    reader,
    {
      externals: values,
      connector: title,
      now,
      username,
      ...(mailFrom === null ? {} : { mailFrom }),
    },
    note,
  );
  try {
    for (const { addresses } of events) checkAllowed(addresses, restrictions);
  } catch (error) {
    note(error);
  }
  try {
    const content = buildContent(message, events, { connector: title, now });
    const { subject, html, text, to, cc, bcc, missing } = content;
    return {
      subject,
      html: html ?? null,
      text,
      to: to.map(formatAddress),
      ...(cc.length > 0 && { cc: cc.map(formatAddress) }),
      ...(bcc.length > 0 && { bcc: bcc.map(formatAddress) }),
      errors: problems,
      missing,
    };
  } catch (error) {
    note(error);
    return nothing;
  }
}

function readMessages(value: unknown): Msg[] {
  if (!Array.isArray(value)) throw badRequest('messages', value, t`a list of msgs`);
  if (value.length === 0 || value.length > MOST_MESSAGES) {
    throw badRequest('messages', t`a list of ${value.length}`, t`a list of 1 to ${MOST_MESSAGES} msgs`);
  }
  return value.map((msg, i) => readFields(`messages[${i}]`, msg));
}

function fieldTooLarge(
  { config, templates, typed }: CompiledMessage,
  messages: readonly Msg[],
  externals: Externals,
): MailError | null {
  for (const { field } of Object.values(templates)) {
    if (typed.has(field as TypedField)) continue;
    const size = largestOutput(config[field as 'template'], messages, externals);
    if (size <= LARGEST_OUTPUT) continue;
    return new MailError(
      'TOO_LARGE',
      t`The field ${field} could come to ${size} characters with these msgs, and ${LARGEST_OUTPUT} are shown at most.`,
      { hint: t`Try it with fewer or smaller msgs.`, field },
    );
  }
  return null;
}

/** The events of the mail: all that belong to the first. One that no mail can be made of is shown all the same. */
async function readEvents(
  message: CompiledMessage,
  messages: readonly Msg[],
  reader: FieldReader,
  circumstances: Circumstances,
  note: (error: unknown, place?: string) => void,
): Promise<MailEvent[]> {
  const events: MailEvent[] = [];
  for (const [i, msg] of messages.entries()) {
    let values = NO_VALUES;
    try {
      values = await reader.read(msg);
      events.push(prepareEvent(message, msg, { ...circumstances, values }).event);
    } catch (error) {
      note(error, messages.length > 1 ? `messages[${i}]: ` : '');
      events.push(eventWithoutMail(msg, circumstances, typedSubject(message, values)));
    }
  }
  const key = events.find((event) => event.key !== '')?.key ?? '';
  const together = events.filter((event) => event.key === key || event.key === '');
  const others = events.length - together.length;
  if (others > 0) {
    note(
      new MailError(
        'OTHER_MAIL',
        t`batchBy: ${others} of the ${events.length} msgs would go in other mails, for their addresses or batchBy differ`,
        { field: 'batchBy' },
      ),
    );
  }
  return together;
}

function eventWithoutMail(
  msg: Msg,
  { now, externals }: Circumstances,
  subject: string | undefined,
): MailEvent {
  return {
    msg,
    arrivedAt: now,
    externals,
    ...(subject === undefined ? {} : { subject }),
    addresses: { from: { name: '', address: '' }, to: [], cc: [], bcc: [], replyTo: [] },
    key: '',
    priority: 'normal',
    headers: [],
    attachments: [],
    skippedAttachments: [],
  };
}

function problemOf(error: unknown, place: string): PreviewProblem {
  if (!(error instanceof MailError)) {
    const reason = error instanceof Error ? error.message : String(error);
    return { field: '', code: 'CONTENT', message: place + t`The mail could not be made: ${reason}` };
  }
  // A part of a field is shown at the field: `to` for `to[1].address` and `toType`, `msg.headers` for `msg.headers.x`.
  const [field = ''] = /^(?:msg\.|mail\.)?\w+/.exec(error.field ?? '') ?? [];
  const { code, line } = error;
  const message = place + explanation(error);
  return { field: field.replace(/Type$/, ''), code, message, ...(line === undefined ? {} : { line }) };
}

/** A msg as an event: its fields are read and checked, and its files are read, when it arrives. */
import { t } from '../language/text';
import { readAttachments } from '../mail/attachments/attachments';
import { prepareEvent, type CompiledMessage, type MailEvent } from '../mail/message';
import { checkAllowed, UNRESTRICTED, type Restrictions } from '../mail/recipients/restrictions';
import type { Externals } from '../mail/template/scope';
import { bytesOf, isUnreadable } from '../mail/template/text-view';
import { NO_VALUES, type FieldValues } from '../mail/typed-fields';
import type { Msg } from '../types';

/** What a connector says about the mails of its nodes. */
export interface SendingAs {
  title: string;
  /** The sender of mails without one. */
  mailFrom: string | null;
  username: string;
  restrictions?: Restrictions;
}

export interface IncomingOptions {
  message: CompiledMessage;
  /** The absolute folder of attachFolder, empty when there is none. */
  attachFolder: string;
  connector: () => SendingAs;
  /** The values that the templates take from outside the msg. */
  externals: (msg: Msg) => Promise<Externals>;
  /** The values of the fields that are no templates; not asked for when there are none. */
  values: (msg: Msg) => Promise<FieldValues>;
  /** The value of the property that names the files of a msg. */
  files: (msg: Msg) => unknown;
  warn: (text: string) => void;
}

const MIB = 1_048_576;

/** Makes a function that makes an event of a msg; rejects with a MailError when no mail can come of it. */
export function createIncoming(options: IncomingOptions): (msg: Msg) => Promise<MailEvent> {
  const { message, warn } = options;
  const { attach, attachMaxMb } = message.config;
  const limitBytes = attachMaxMb * MIB;

  return async (msg) => {
    const { title, mailFrom, username, restrictions = UNRESTRICTED } = options.connector();
    const { event, warnings } = prepareEvent(message, msg, {
      externals: await options.externals(msg),
      values: message.typed.size === 0 ? NO_VALUES : await options.values(msg),
      connector: title,
      now: Date.now(),
      username,
      ...(mailFrom === null ? {} : { mailFrom }),
    });
    checkAllowed(event.addresses, restrictions);
    warnings.forEach(warn);
    if (attach === 'none' && isBinary(msg.payload)) {
      warn(
        t`msg.payload is a Buffer, and nothing of it is in the mail. Set attach to "buffers" to attach it.`,
      );
    }
    const named = attach === 'none' ? undefined : options.files(msg);
    if (named === undefined && msg.attachments === undefined) return event;
    const {
      attachments,
      skipped,
      warnings: unused,
    } = await readAttachments(
      {
        ...(attach === 'none' ? {} : { property: named, mode: attach }),
        attachments: msg.attachments,
        filename: msg.filename,
        contentType: contentTypeOf(msg),
      },
      { folder: options.attachFolder, freeBytes: limitBytes, limitBytes },
    );
    unused.forEach(warn);
    return { ...event, attachments, skippedAttachments: skipped };
  };
}

/** What a msg that waits for the disk costs besides its texts and files, bytes. */
const OVERHEAD = 1_024;

/** About how many bytes of memory an event holds on its way to the disk. */
export function sizeOfEvent({ msg, attachments = [] }: MailEvent): number {
  const { payload } = msg;
  const own = typeof payload === 'string' ? payload.length : (bytesOf(payload)?.length ?? 0);
  return attachments.reduce((sum, { content }) => sum + content.length, OVERHEAD + own);
}

/** Bytes that no text view shows. */
function isBinary(value: unknown): boolean {
  const bytes = bytesOf(value);
  return bytes !== undefined && bytes.length > 0 && isUnreadable(bytes);
}

/** The type of a Buffer that the http request node fetched. */
function contentTypeOf({ headers }: Msg): unknown {
  return typeof headers === 'object' && headers !== null
    ? (headers as Record<string, unknown>)['content-type']
    : undefined;
}

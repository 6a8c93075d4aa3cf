/** What templates see of a mail: its events, each the properties of its msg and a few of our own. */
import { t } from '../../language/text';
import type { Msg, SkippedAttachment } from '../../types';
import type { LoadedAttachment } from '../attachments/attachments';
import { followNames, type Renamed } from '../attachments/content-ids';
import { escapeLines } from './escape';
import { Moment, type Formats } from './formats';
import { payloadHtml } from './payload-html';
import { NamedView, type Externals, type Scope } from './scope';
import { textView } from './text-view';

/** One msg inside a mail. */
export interface EventSource {
  msg: Msg;
  /** When the msg arrived, ms since the epoch. */
  arrivedAt: number;
  /** The external values of all templates, resolved when the msg arrived. */
  externals: Externals;
  skippedAttachments: readonly SkippedAttachment[];
  attachments?: readonly LoadedAttachment[];
  /** New names of its pictures. */
  renamed?: Renamed;
}

/** What is known of the mail besides its events. */
export interface MailFacts {
  /** Title of the connector. */
  connector: string;
  /** The time that templates show as `now`, ms since the epoch. */
  now: number;
  formats: Formats;
}

/** The data of one event. */
export class EventView extends NamedView {
  private texts: { event?: string; error?: string } = {};

  constructor(
    private readonly source: EventSource,
    /** Place in the mail, from 1. */
    readonly index: number,
    private readonly mail: MailView,
  ) {
    super();
  }

  get msg(): Msg {
    return this.source.msg;
  }

  /** Text view of the payload. */
  get event(): string {
    return (this.texts.event ??= this.attachedName() ?? textView(this.msg.payload, this.mail.facts.formats));
  }

  /** The payload as the body of an HTML mail; of a Buffer that is attached, `msg.description` or its name. */
  get html(): string {
    const name = this.attachedName();
    if (name === undefined) return payloadHtml(this.event);
    const description = textView(this.msg.description, this.mail.facts.formats);
    return escapeLines(description === '' ? name : description);
  }

  /** A payload of bytes that is attached is shown by its name. */
  private attachedName(): string | undefined {
    const { payload } = this.msg;
    if (typeof payload !== 'object') return undefined;
    return this.source.attachments?.find(({ content }) => content === payload)?.filename;
  }

  /** What went wrong: the text of msg.error, and the attachments that are missing. */
  get error(): string {
    return (this.texts.error ??= errorText(this.msg.error, this.source.skippedAttachments));
  }

  /** When the msg arrived. */
  get time(): Moment {
    return new Moment(this.source.arrivedAt, this.mail.facts.formats);
  }

  override own(name: string): unknown {
    switch (name) {
      case 'index':
        return this.index;
      case 'event':
        return this.event;
      case 'event.html':
        return this.html;
      case 'error':
        return this.error;
      case 'time':
        return this.time;
      case 'msg':
        return this.msg;
      default:
        return this.mail.own(name);
    }
  }

  override external(name: string): unknown {
    const { externals } = this.source;
    return Object.hasOwn(externals, name) ? externals[name] : undefined;
  }

  override format(value: unknown, format: string): string | undefined {
    return this.mail.facts.formats.of(value, format);
  }

  override finish(html: string): string {
    return this.source.renamed ? followNames(html, this.source.renamed) : html;
  }

  toJSON(): object {
    const { index, event, error, time } = this;
    return { ...this.msg, index, event, error, time };
  }
}

/** The names that a mail has for all its events. */
class MailView {
  readonly events: EventView[];

  constructor(
    sources: readonly EventSource[],
    readonly facts: MailFacts,
  ) {
    this.events = sources.map((source, i) => new EventView(source, i + 1, this));
  }

  own(name: string): unknown {
    const { events, facts } = this;
    switch (name) {
      case 'events':
        return events;
      case 'count':
        return events.length;
      case 'first':
        return events[0];
      case 'last':
        return events.at(-1);
      case 'firstTime':
        return events[0]?.time;
      case 'lastTime':
        return events.at(-1)?.time;
      case 'now':
        return new Moment(facts.now, facts.formats);
      case 'connector':
        return facts.connector;
      default:
        return undefined;
    }
  }
}

/** Makes the views of the events of one mail, at least one. */
export function eventViews(sources: readonly EventSource[], facts: MailFacts): EventView[] {
  return new MailView(sources, facts).events;
}

/** The scope of a mail outside of its events is that of the first one. */
export function mailScope(views: readonly EventView[]): Scope {
  return { view: views[0] };
}

/** The text of msg.error (text, or an object with `message`) and a sentence for each missing attachment. */
export function errorText(error: unknown, skipped: readonly SkippedAttachment[]): string {
  const parts = skipped.map(({ filename, reason }) => t`Not attached: ${filename}: ${reason}`);
  const text = messageOf(error);
  return text === '' ? parts.join(' ') : [text, ...parts].join(' | ');
}

function messageOf(error: unknown): string {
  try {
    const message =
      typeof error === 'object' && error !== null ? (error as { message?: unknown }).message : undefined;
    return textView(message === undefined ? error : message);
  } catch {
    return textView(error);
  }
}

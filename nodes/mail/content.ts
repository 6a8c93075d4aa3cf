/** What the reader of one mail gets: made from all events of a batch when its time has come. */
import type { Priority, SkippedAttachment } from '../types';
import { fitAttachments, type LoadedAttachment } from './attachments';
import { eventView, mailScope, type EventView } from './event';
import type { MailHeader } from './headers';
import { htmlToPlainText } from './html-text';
import { renderSubject, type CompiledMessage, type MailEvent } from './message';
import type { MailAddresses } from './recipients';
import type { Scope } from './scope';

export interface MailContent extends MailAddresses {
  /** One line. */
  subject: string;
  /** Left out in a mail of format text. */
  html?: string;
  text: string;
  attachments: LoadedAttachment[];
  skippedAttachments: SkippedAttachment[];
  headers: MailHeader[];
  priority: Priority;
  inReplyTo?: string;
  references?: string;
}

/** Characters; a header line has at most 998 octets (RFC 5322 section 2.1.1), and a word cannot be folded. */
const MAX_SUBJECT = 900;

/**
 * Makes the content of one mail from events with the same key (at least one). Header fields are those of the
 * first event, the priority is the highest. `now` is the time that the template shows, in ms.
 * Throws RangeError without an event.
 */
export function buildContent(
  message: CompiledMessage,
  events: readonly MailEvent[],
  meta: { connector: string; now: number },
): MailContent {
  const first = events[0];
  if (!first) throw new RangeError('A mail needs at least one event.');
  const { config } = message;
  const files = fitAttachments(
    events.map(({ attachments, skippedAttachments }) => ({ attachments, skipped: skippedAttachments })),
    config.attachMaxMb * 1_048_576,
  );
  const views = events.map((event, i) =>
    eventView({ ...event, skippedAttachments: files[i]?.skipped ?? event.skippedAttachments }, i + 1),
  );
  const scope = mailScope(views, meta);
  const body = renderBody(message, scope, views);
  const html = config.format === 'html' ? body : undefined;
  return {
    ...first.addresses,
    subject: oneLine(first.subject ?? renderSubject(message, scope, first.msg)),
    ...(html === undefined ? {} : { html }),
    text: html === undefined ? body : htmlToPlainText(html),
    attachments: files.flatMap(({ attachments }) => attachments),
    skippedAttachments: files.flatMap(({ skipped }) => skipped),
    headers: first.headers,
    priority: highest(events),
    ...(first.inReplyTo === undefined ? {} : { inReplyTo: first.inReplyTo }),
    ...(first.references === undefined ? {} : { references: first.references }),
  };
}

function renderBody(message: CompiledMessage, scope: Scope, views: readonly EventView[]): string {
  const { template } = message.templates;
  const escape = message.config.format === 'html' ? 'html' : 'none';
  if (template.hasEventsSection) return template.render(scope, escape);
  const pieces = views.map((view) => template.render({ view, parent: scope }, escape));
  if (escape === 'html') return pieces.join('');
  // Without a line break between them, the last line of one event and the first of the next would be one.
  return pieces
    .map((piece, i) => (i < pieces.length - 1 && !piece.endsWith('\n') ? `${piece}\n` : piece))
    .join('');
}

/** Line breaks that later events brought become spaces, and what no mail program would show is cut. */
function oneLine(subject: string): string {
  const line = subject.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
  if (line.length <= MAX_SUBJECT) return line;
  return `${line.slice(0, MAX_SUBJECT).replace(/[\ud800-\udbff]$/, '')}…`;
}

function highest(events: readonly MailEvent[]): Priority {
  const order: Priority[] = ['high', 'normal', 'low'];
  return order.find((priority) => events.some((event) => event.priority === priority)) ?? 'normal';
}

/** What the reader of one mail gets: made from all events of a batch when its time has come. */
import type { Priority, SkippedAttachment } from '../types';
import { fitAttachments, type LoadedAttachment } from './attachments/attachments';
import { namesIn } from './attachments/content-ids';
import { eventViews, mailScope, type EventView } from './template/event';
import type { MailHeader } from './headers';
import { htmlToPlainText } from './template/html-text';
import { subjectOf, type CompiledMessage, type MailEvent } from './message';
import type { MailAddresses } from './recipients/recipients';
import type { Scope } from './template/scope';
import type { Escape } from './template/template';
import type { Marks } from './template/text-layouts';
import { missingNames, type SeenNames } from './template/writer';

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

/**
 * Makes the content of one mail from events with the same key (at least one). Header fields are those of the
 * first event, the priority is the highest. `now` is the time that the template shows, in ms; `missing` are the names in
 * the body that have no value in any of the events.
 * Throws RangeError without an event.
 */
export function buildContent(
  message: CompiledMessage,
  events: readonly MailEvent[],
  meta: { connector: string; now: number },
): MailContent & { missing: string[] } {
  const first = events[0];
  if (!first) throw new RangeError('A mail needs at least one event.');
  const { config } = message;
  const files = fitAttachments(
    events.map(({ attachments, skippedAttachments }) => ({ attachments, skipped: skippedAttachments })),
    config.attachMaxMb * 1_048_576,
  );
  const views = eventViews(
    events.map((event, i) => ({
      ...event,
      attachments: files[i]?.attachments ?? [],
      skippedAttachments: files[i]?.skipped ?? event.skippedAttachments,
      renamed: files[i]?.renamed ?? new Map(),
    })),
    { ...meta, formats: message.formats },
  );
  const scope = mailScope(views);
  const seen: SeenNames = new Map();
  const plain = files.every(({ attachments }) => attachments.length === 0);
  const { html, text } = renderBody(message, scope, views, seen, plain);
  return {
    ...first.addresses,
    subject: subjectOf(message, scope, first, meta.connector),
    ...(html === undefined ? {} : { html }),
    text,
    attachments: withoutUnused(
      files.flatMap(({ attachments }) => attachments),
      html,
    ),
    skippedAttachments: files.flatMap(({ skipped }) => skipped),
    headers: first.headers,
    priority: highest(events),
    ...(first.inReplyTo === undefined ? {} : { inReplyTo: first.inReplyTo }),
    ...(first.references === undefined ? {} : { references: first.references }),
    missing: missingNames(seen),
  };
}

/** `plain`: nothing in the HTML refers to an attachment. */
function renderBody(
  message: CompiledMessage,
  scope: Scope,
  views: readonly EventView[],
  seen: SeenNames,
  plain: boolean,
): { html?: string; text: string } {
  const { template } = message.templates;
  const write = (escape: Escape, marks?: Marks) =>
    template.hasEventsSection
      ? [template.render(scope, escape, seen, marks)]
      : views.map((view) => template.render({ view }, escape, seen, marks));
  if (message.config.format === 'html') {
    if (plain && !template.hasRawValues)
      return message.layouts.render((marks) => write('html', marks).join(''));
    const html = write('html').join('');
    return { html, text: htmlToPlainText(html) };
  }
  // Without a line break between them, the last line of one event and the first of the next would be one.
  const text = write('none')
    .map((piece, i, all) => (i < all.length - 1 && !piece.endsWith('\n') ? `${piece}\n` : piece))
    .join('');
  return { text };
}

/** A picture that the HTML does not show is a file like any other: in a mail of text, each. */
function withoutUnused(attachments: LoadedAttachment[], html: string | undefined): LoadedAttachment[] {
  if (attachments.every(({ cid }) => cid === undefined)) return attachments;
  const named = namesIn(html ?? '');
  return attachments.map((attachment) => {
    const { cid, ...rest } = attachment;
    return cid === undefined || named.has(cid) ? attachment : rest;
  });
}

function highest(events: readonly MailEvent[]): Priority {
  const order: Priority[] = ['high', 'normal', 'low'];
  return order.find((priority) => events.some((event) => event.priority === priority)) ?? 'normal';
}

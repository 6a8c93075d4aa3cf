/**
 * What a send-email node shows on the canvas: always something final in the end, never stuck on sending; and no faster than
 * a person reads it, for the editor gets each status over its connection.
 */
import { clock, plainStatus, type StatusView } from '../connector/status';
import type { ConnectorState } from '../connector/connector';

/** How the last mail of the node ended. */
export interface LastOutcome {
  kind: 'sent' | 'partial' | 'failed' | 'ignored';
  time: number;
  /** Events in the mail; for `partial` the recipients that were refused. */
  count: number;
}

export interface SenderActivity {
  /** Events that wait in batches. */
  waiting: number;
  /** Mails of this node in the outbox. */
  pending: number;
  last: LastOutcome | null;
}

/** Looks a text up in the catalogue of the node. */
export type Translate = (key: string, values: Record<string, string | number>) => string;

const COLOURS: Record<LastOutcome['kind'], StatusView['fill']> = {
  sent: 'green',
  partial: 'yellow',
  failed: 'red',
  ignored: 'grey',
};

/**
 * The status of a send-email node. A connector that is not in RUN comes first, for its name tells why nothing moves; then
 * what the node has in hand; then how its last mail ended. Where every mail goes to one address, that is said too.
 */
export function senderStatus(
  connector: {
    state: ConnectorState;
    problem: boolean;
    view: StatusView;
    redirectTo?: { address: string } | null;
  },
  activity: SenderActivity,
  translate: Translate,
): StatusView {
  const plain = ownText(activity, translate);
  const { redirectTo } = connector;
  const own = plain !== null && redirectTo ? plainStatus(`${plain} → ${redirectTo.address}`) : plain;
  if (connector.state !== 'RUN') {
    return own === null
      ? connector.view
      : { ...connector.view, text: plainStatus(`${connector.view.text}, ${own}`) };
  }
  if (activity.pending > 0) {
    if (!connector.problem) return { fill: 'blue', shape: 'dot', text: own ?? '' };
    return { ...connector.view, text: plainStatus(`${connector.view.text}, ${own}`) };
  }
  if (activity.waiting > 0) return { fill: 'blue', shape: 'ring', text: own ?? '' };
  if (activity.last && !connector.problem) {
    return { fill: COLOURS[activity.last.kind], shape: 'dot', text: own ?? '' };
  }
  return connector.view;
}

function ownText({ waiting, pending, last }: SenderActivity, translate: Translate): string | null {
  if (pending > 0) return translate('status.sending', { count: pending });
  if (waiting > 0) return translate('status.waiting', { count: waiting });
  if (!last) return null;
  const key = last.kind === 'sent' && last.count > 1 ? 'sentMany' : last.kind;
  return translate(`status.${key}`, { time: clock(last.time), count: last.count });
}

/** The shortest time between two statuses, ms. */
const PAUSE = 200;

export interface StatusLine {
  /**
   * Shows a status now, or after the pause unless another one comes before. The last one is always shown. `look` is called
   * when it is: under load there are many changes for each status.
   */
  show(look: () => StatusView): void;
  /** Writes the last status once more. */
  repeat(): void;
  close(): void;
}

export function createStatusLine(write: (view: StatusView) => void): StatusLine {
  let shown: StatusView | null = null;
  let next: (() => StatusView) | null = null;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function put(view: StatusView): void {
    if (JSON.stringify(view) !== JSON.stringify(shown)) write(view);
    shown = view;
  }

  function pauseOver(): void {
    timer = undefined;
    if (!next) return;
    const look = next;
    next = null;
    timer = setTimeout(pauseOver, PAUSE);
    put(look());
  }

  return {
    show(look) {
      // Mails of a node that a deploy made anew still end at the old one: its successor has the status now.
      if (closed) return;
      next = look;
      if (timer === undefined) pauseOver();
    },
    repeat() {
      if (!closed && shown) write(shown);
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

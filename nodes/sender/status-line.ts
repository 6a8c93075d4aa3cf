/** Shows statuses no faster than a person reads them: the editor gets each one over its connection. */
import type { StatusView } from '../connector/status';

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

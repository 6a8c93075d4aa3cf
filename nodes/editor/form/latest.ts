/** Keeps an answer up to date with what is being typed. */

export interface Latest {
  /** Something changed: the answer that is shown, and the one on its way, are out of date. */
  changed(): void;
  /** Nothing is asked or shown any more. */
  stop(): void;
}

/**
 * Asks `pauseMs` after the last change, and shows only the answer to the latest question: an earlier one is aborted, and
 * ignored when it comes all the same.
 */
export function latest<T>(options: {
  pauseMs: number;
  ask: (signal: AbortSignal) => Promise<T>;
  show: (answer: T) => void;
  fail: (error: Error) => void;
}): Latest {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked: AbortController | undefined;

  function forget(): void {
    clearTimeout(timer);
    asked?.abort();
    asked = undefined;
  }

  function askNow(): void {
    const mine = new AbortController();
    asked = mine;
    const unlessOld =
      <V>(act: (value: V) => void) =>
      (value: V) => {
        if (asked === mine) act(value);
      };
    options.ask(mine.signal).then(unlessOld(options.show), unlessOld(options.fail));
  }

  return {
    changed() {
      forget();
      timer = setTimeout(askNow, options.pauseMs);
    },
    stop: forget,
  };
}

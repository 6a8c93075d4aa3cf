/**
 * What of a node is on its way to the disk: many msgs at once, so that they share its syncs. Their bytes are bounded, and
 * what comes later can wait for all that came before.
 */

/** Bytes of one node that may be on their way; one msg more may begin below it. */
export const MOST_UNDER_WAY = 8 * 1024 * 1024;

export interface UnderWay {
  /** Resolves when there is room; null when there is. */
  room(): Promise<void> | null;
  /** Notes that so many bytes are on their way until `fate` is known; it must not reject. */
  add(bytes: number, fate: Promise<void>): void;
  /** Resolves when the fate of all is known that was added before. */
  settled(): Promise<void>;
}

export function createUnderWay(most = MOST_UNDER_WAY): UnderWay {
  let bytes = 0;
  let all: Promise<void> = Promise.resolve();
  const waiting: (() => void)[] = [];

  return {
    room: () => (bytes < most ? null : new Promise((resolve) => waiting.push(resolve))),
    add(size, fate) {
      bytes += size;
      const before = all;
      all = fate.then(() => {
        bytes -= size;
        if (bytes < most) {
          for (const goOn of waiting.splice(0)) goOn();
        }
        return before;
      });
    },
    settled: () => all,
  };
}

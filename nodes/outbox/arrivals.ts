/** Mails are on their way into the store many at once; they are taken up in the order in which they came. */
export interface Arrivals {
  /** How many are on their way. */
  readonly count: number;
  /** Stores one, and takes it up when those before it are stored or have failed; rejects as `store` does. */
  pass(store: () => Promise<void>, takeUp: () => void): Promise<void>;
}

export function createArrivals(): Arrivals {
  let count = 0;
  let last: Promise<void> = Promise.resolve();

  return {
    get count() {
      return count;
    },
    async pass(store, takeUp) {
      count += 1;
      try {
        const before = last;
        const stored = store();
        last = stored.then(
          () => before,
          () => before,
        );
        await stored;
        await before;
        takeUp();
      } finally {
        count -= 1;
      }
    },
  };
}

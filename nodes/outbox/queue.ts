/** Items in ascending order of their rank; taking the first and adding at the end are cheap. */
export interface Queue<T> {
  readonly size: number;
  add(item: T): void;
  first(): T | undefined;
  /** Takes out the item at a place, the first when none is given. */
  take(index?: number): T | undefined;
  /** Takes out every item that the test holds for, in order. */
  takeWhere(test: (item: T) => boolean): T[];
}

/** Creates a queue; items of equal rank keep the order in which they came. */
export function createQueue<T>(rank: (item: T) => string | number): Queue<T> {
  let items: T[] = [];
  // Shifting an array of 10,000 mails for each one sent would cost more than the mail: the head moves instead.
  let head = 0;

  function position(of: string | number): number {
    let low = head;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (rank(items[middle] as T) <= of) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    get size() {
      return items.length - head;
    },
    add(item) {
      const of = rank(item);
      const last = items[items.length - 1];
      if (head === items.length || rank(last as T) <= of) items.push(item);
      else items.splice(position(of), 0, item);
    },
    first: () => items[head],
    take(index = 0) {
      if (head + index >= items.length) return undefined;
      if (index > 0) return items.splice(head + index, 1)[0];
      const item = items[head] as T;
      (items as (T | undefined)[])[head] = undefined;
      head += 1;
      if (head > 1024 && head * 2 > items.length) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
    takeWhere(test) {
      const taken: T[] = [];
      const kept: T[] = [];
      for (let i = head; i < items.length; i++) {
        const item = items[i] as T;
        if (test(item)) taken.push(item);
        else kept.push(item);
      }
      items = kept;
      head = 0;
      return taken;
    },
  };
}

/** Clocks for the outbox: one that a test moves by hand, and one that runs so fast that hours pass in seconds. */
import { systemClock, type Clock } from '../../nodes/clock';

/** Follows the mocked Date and setTimeout; `set` changes the time of day as someone at the machine would, by ms. */
export function mockedClock(): Clock & { set: (by: number) => void } {
  let setBy = 0;
  return {
    wall: () => Date.now() + setBy,
    monotonic: () => Date.now(),
    after: (ms, run) => systemClock.after(ms, run),
    set(by) {
      setBy += by;
    },
  };
}

/** A clock that stands still until a test lets time pass; what waits runs then, in its order. */
export function clockByHand(): Clock & { pass: (ms: number) => void } {
  const start = Date.now();
  let passed = 0;
  let waiting: { due: number; run: () => void }[] = [];
  return {
    wall: () => start + passed,
    monotonic: () => passed,
    after(ms, run) {
      const timer = { due: passed + ms, run };
      waiting.push(timer);
      return () => {
        waiting = waiting.filter((other) => other !== timer);
      };
    },
    pass(ms) {
      const end = passed + ms;
      for (;;) {
        const [next] = waiting.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
        if (!next) break;
        waiting = waiting.filter((other) => other !== next);
        passed = Math.max(passed, next.due);
        next.run();
      }
      passed = end;
    },
  };
}

/** A clock on which `factor` seconds pass in each second. */
export function fastClock(factor: number): Clock {
  const start = Date.now();
  const begun = performance.now();
  const monotonic = () => (performance.now() - begun) * factor;
  return {
    wall: () => start + Math.trunc(monotonic()),
    monotonic,
    after: (ms, run) => systemClock.after(ms / factor, run),
  };
}

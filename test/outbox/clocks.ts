/** Clocks for the outbox: one that a test moves by hand, and one that runs so fast that hours pass in seconds. */
import { systemClock, type Clock } from '../../nodes/outbox/clock';

/** Follows the mocked Date and setTimeout; `set` changes the time of day as someone at the machine would, by ms. */
export function mockedClock(): Clock & { set: (by: number) => void } {
  let setBy = 0;
  return {
    wall: () => Date.now() + setBy,
    steady: () => Date.now(),
    after: (ms, run) => systemClock.after(ms, run),
    set(by) {
      setBy += by;
    },
  };
}

/** A clock on which `factor` seconds pass in each second. */
export function fastClock(factor: number): Clock {
  const start = Date.now();
  const begun = performance.now();
  const steady = () => (performance.now() - begun) * factor;
  return {
    wall: () => start + Math.trunc(steady()),
    steady,
    after: (ms, run) => systemClock.after(ms / factor, run),
  };
}

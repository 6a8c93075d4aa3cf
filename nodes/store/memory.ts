import type { Store } from './store';

/** A store that keeps nothing beyond the process: the outbox and the nodes themselves hold the mails and events. */
export function createMemoryStore(): Store {
  const done = () => Promise.resolve();
  return {
    load: () => Promise.resolve({ entries: [], events: [], warnings: [] }),
    add: done,
    save: done,
    finish: done,
    loadMessages: ({ mail }) => Promise.resolve(mail.messages),
    keepEvent: done,
    dropEvents: done,
    saveRate: done,
    close: done,
  };
}

import assert from 'node:assert/strict';
import { createCompletion, refusedPart, type Answer, type Outcome } from '../../nodes/outbox/completion';
import { createMemoryStore } from '../../nodes/store/memory';
import { newProgress, type Entry } from '../../nodes/store/store';
import type { Msg } from '../../nodes/types';
import { newMail, resultFor } from '../builders';
import { createJournal, type Journal } from '../servers/journal';

const RESULT = resultFor(newMail(['a@x.test', 'b@x.test']), {
  accepted: ['a@x.test'],
  rejected: [{ address: 'b@x.test', code: 550, response: '550 no such user' }],
});

describe('the refused part of a result', () => {
  it('is a failure that names the recipients who did not get the mail', () => {
    const refused = refusedPart(RESULT);
    assert.equal(refused?.status, 'failed');
    assert.match(refused?.error?.message ?? '', /1 of 2 .*b@x\.test.*550 no such user/);
    assert.equal(refused?.error?.responseCode, 550);
  });

  it('does not exist when everybody got the mail, or nobody', () => {
    assert.equal(refusedPart({ ...RESULT, rejected: [] }), null);
    assert.equal(refusedPart({ ...RESULT, status: 'failed', accepted: [] }), null);
  });
});

describe('the end of a mail', () => {
  /** What happened, in its order. */
  let log: Journal<string>;
  beforeEach(() => (log = createJournal('events', (what) => what)));

  function entryOf(status: 'sent' | 'failed'): Entry {
    const mail = newMail(['a@x.test']);
    const ended =
      status === 'sent' ? { accepted: ['a@x.test'] } : { lastError: { code: 'REFUSED', message: 'spam' } };
    return { mail, progress: { ...newProgress([]), ...ended }, recovered: false };
  }

  /** A completion whose receiver gives these answers, one for each report. */
  function completionWith(answers: (Answer | Error)[], live?: Msg[]) {
    const outcomes: Outcome[] = [];
    const store = createMemoryStore();
    store.finish = async () => void log.add('forgotten');
    store.save = async () => void log.add('saved');
    store.loadMessages = async () => [{ payload: 'stored' }];
    const completion = createCompletion({
      store,
      receiver: {
        messagesOf: () => live,
        async report(outcome) {
          outcomes.push(outcome);
          const answer = answers.shift();
          if (answer instanceof Error) throw answer;
          if (answer !== 'later') await outcome.commit();
          log.add(`reported ${outcome.result.status}: ${answer}`);
          return answer ?? 'gone';
        },
      },
      failed: (_mail, { code }, told) => log.add(`${code}${told ? '' : ', and nobody heard of it'}`),
      onError: (error) => log.add(`error ${(error as Error).message}`),
      now: () => 5,
    });
    return { completion, outcomes };
  }

  it('that was sent is forgotten before it is reported: a crash in between must not send it again', async () => {
    const { completion } = completionWith(['told']);
    await completion.complete(entryOf('sent'));
    assert.deepEqual(log.items, ['forgotten', 'reported sent: told']);
    assert.deepEqual(completion.counts(), { sent: 1, failed: 0 });
  });

  it('that failed is reported before it is forgotten: a crash in between reports it again', async () => {
    const { completion } = completionWith(['told']);
    await completion.complete(entryOf('failed'));
    assert.deepEqual(log.items, ['reported failed: told', 'REFUSED', 'forgotten']);
    assert.deepEqual(completion.counts(), { sent: 0, failed: 1 });
  });

  it('that failed without a node to hear of it is known to the connector', async () => {
    const { completion } = completionWith(['gone']);
    await completion.complete(entryOf('failed'));
    assert.deepEqual(log.items, ['reported failed: gone', 'REFUSED, and nobody heard of it', 'forgotten']);
  });

  for (const status of ['sent', 'failed'] as const) {
    it(`is saved while its node is away, and reported when that is back: ${status}`, async () => {
      const { completion, outcomes } = completionWith(['later', 'told']);
      await completion.complete(entryOf(status));
      assert.deepEqual(log.items, [`reported ${status}: later`, 'saved']);
      outcomes[0]?.again();
      const rest =
        status === 'sent'
          ? ['forgotten', 'reported sent: told']
          : ['reported failed: told', 'REFUSED', 'forgotten'];
      assert.deepEqual((await log.waitFor(2 + rest.length)).slice(2), rest);
      assert.deepEqual(completion.counts()[status], 1);
    });

    it(`is forgotten once when the outbox closes before, and still reported: ${status}`, async () => {
      const { completion, outcomes } = completionWith(['later', 'told']);
      await completion.complete(entryOf(status));
      await completion.close();
      outcomes[0]?.again();
      await log.waitForOne((what) => what === `reported ${status}: told`);
      assert.equal(log.items.filter((what) => what === 'forgotten').length, 1);
    });
  }

  it('is forgotten although the flow throws when it hears of it', async () => {
    const { completion } = completionWith([new Error('from the flow')]);
    await completion.complete(entryOf('failed'));
    assert.deepEqual(log.items, ['error from the flow', 'REFUSED', 'forgotten']);
  });

  it('has the msgs that this process took, and else those of the store', async () => {
    const live = [{ payload: 'live' }];
    const here = completionWith(['told'], live);
    await here.completion.complete(entryOf('sent'));
    assert.equal(here.outcomes[0]?.result.messages, live);
    const restarted = completionWith(['told']);
    await restarted.completion.complete(entryOf('sent'));
    assert.deepEqual(restarted.outcomes[0]?.result.messages, [{ payload: 'stored' }]);
  });
});

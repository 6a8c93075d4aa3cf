import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { latest } from '../../../nodes/editor/form/latest';

interface Question {
  signal: AbortSignal;
  answer: (value: string) => void;
  refuse: (error: Error) => void;
}

/** Answers by hand; the pause is none, so a question is there in the next turn of the event loop. */
function talk() {
  const questions: Question[] = [];
  const shown: string[] = [];
  const kept = latest<string>({
    pauseMs: 0,
    ask: (signal) =>
      new Promise((answer, refuse) => {
        questions.push({ signal, answer, refuse });
        next?.();
      }),
    show: (answer) => shown.push(answer),
    fail: ({ message }) => shown.push(`failed: ${message}`),
  });
  let next: (() => void) | undefined;
  const asked = () =>
    new Promise<Question>((resolve) => (next = () => resolve(questions.at(-1) as Question)));
  return { kept, questions, shown, asked };
}

describe('the latest answer', () => {
  it('is asked for once after many changes', async () => {
    const { kept, questions, shown, asked } = talk();
    const question = asked();
    for (let i = 0; i < 5; i += 1) kept.changed();
    (await question).answer('one');
    await turn();
    assert.deepEqual([questions.length, shown], [1, ['one']]);
  });

  it('is the only one shown: an earlier question is given up, and its answer ignored', async () => {
    const { kept, shown, asked } = talk();
    const first = asked();
    kept.changed();
    const early = await first;
    const second = asked();
    kept.changed();
    assert.equal(early.signal.aborted, true);
    const late = await second;
    late.answer('new');
    early.answer('old');
    await turn();
    assert.deepEqual(shown, ['new']);
  });

  it('may be a failure', async () => {
    const { kept, shown, asked } = talk();
    const question = asked();
    kept.changed();
    (await question).refuse(new Error('no server'));
    await turn();
    assert.deepEqual(shown, ['failed: no server']);
  });

  it('is not shown after the stop', async () => {
    const { kept, shown, asked } = talk();
    const question = asked();
    kept.changed();
    const { signal, answer } = await question;
    kept.stop();
    answer('too late');
    await turn();
    assert.deepEqual([signal.aborted, shown], [true, []]);
  });
});

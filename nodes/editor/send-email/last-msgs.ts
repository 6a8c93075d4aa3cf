import { request, type RequestError } from '../api';
import { textOf } from '../form/locale';
import type { Sample } from './samples';

const text = textOf('send-email');

interface Answer {
  /** Whether the deployed node keeps any. */
  keepSamples: boolean;
  messages: Sample[];
}

/** The button that asks for the last msgs that the deployed node took; it gives them, or says why there are none. */
export function takeLastMsgs(
  nodeId: string,
  closed: AbortSignal,
  on: { take: (messages: Sample[]) => void; none: (reason: string) => void },
): void {
  $('#send-email-take').on('click', () => {
    request<Answer>('GET', `send-email/${encodeURIComponent(nodeId)}/samples`, undefined, closed).then(
      ({ keepSamples, messages }) => {
        if (messages.length > 0) on.take(messages);
        else on.none(text(keepSamples ? 'samples.noneYet' : 'samples.notKept'));
      },
      ({ status, message }: RequestError) => {
        if (closed.aborted) return;
        on.none(status === 404 ? text('samples.notKept') : text('samples.notTaken', { reason: message }));
      },
    );
  });
}

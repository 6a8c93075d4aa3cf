/** What a send-email node does in its flow. */
import type { OutcomeListener } from '../connector/listeners';
import type { StatusView } from '../connector/status';
import type { NodeObject } from '../connector/users';
import { refusedPart } from '../outbox/completion';
import type { EmailResult, Msg } from '../types';
import { failureOf, messageOf } from './outcome';
import type { Translate } from './status';

/** The node, and what it asks of Node-RED. None of it throws. */
export interface FlowNode {
  id: string;
  object: NodeObject;
  /** Sends msgs out of the first output, the second, or both. */
  send(first: Msg | null, second: Msg | null): void;
  /** Tells Catch nodes of an error with its msg, or the log when there is none. */
  error(error: Error | string, msg?: Msg): void;
  /** Logs each text once. */
  warn(text: string): void;
  status(view: StatusView): void;
  translate: Translate;
}

/** Sends an outcome into the flow: the mail on the first output, what of it failed on the second. */
export function sendOutcome(node: FlowNode, result: EmailResult): void {
  const sent = result.status === 'sent';
  const failed = sent ? refusedPart(result) : result;
  node.send(sent ? messageOf(result) : null, failed ? messageOf(failed) : null);
}

/** Listens to the outcomes of the mails of a node; `emit` sends each into the flow. */
export function outcomeListener(node: FlowNode, emit: (result: EmailResult) => void): OutcomeListener {
  return {
    nodeId: node.id,
    onOutcome(result, msgsWait) {
      emit(result);
      if (msgsWait || result.status !== 'failed') return;
      // Nobody waits for the done() of msgs that an earlier process took; Catch nodes hear of them nevertheless.
      const error = failureOf(result);
      if (result.messages.length === 0) node.error(error);
      for (const msg of result.messages) node.error(error, msg);
    },
    onFailedMsg: (error, msg) => node.error(error, msg),
  };
}

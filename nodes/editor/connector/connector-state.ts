import { connectorPath, request, type RequestError } from '../api';
import { textOf } from '../form/locale';
import { actionsIn, clock, COUNTS, lightOf, sentences, type ConnectorAnswer } from './state-words';

const text = textOf('email-server-connector');

/** Between an answer and the next question. */
const EVERY_MS = 2000;

/** Shows the state of the deployed connector, kept up to date, with its two buttons; ends with the signal. */
export function showState(nodeId: string, closed: AbortSignal): void {
  const light = $('#esc-light');
  const name = $('#esc-state-name');
  const details = $('#esc-state-details');
  const start = $('#esc-start');
  const stop = $('#esc-stop');
  $('#esc-state').attr('aria-label', text('state.of'));
  const mayChange = RED.user.hasPermission('email-server-connector.write');
  let timer: ReturnType<typeof setTimeout> | undefined;
  closed.addEventListener('abort', () => clearTimeout(timer), { once: true });

  function enable(actions: { start: boolean; stop: boolean }): void {
    start.prop('disabled', !mayChange || !actions.start);
    stop.prop('disabled', !mayChange || !actions.stop);
  }

  function show(answer: ConnectorAnswer): void {
    light.attr('data-light', lightOf(answer));
    name.text(answer.state);
    details.empty().append(...lines(answer).map((line) => $('<div>').text(line)));
    enable(actionsIn(answer.state));
  }

  function showNothing(reason: string): void {
    light.attr('data-light', 'grey');
    name.text(reason);
    details.empty();
    enable({ start: false, stop: false });
  }

  function fail({ status, message }: RequestError): void {
    if (closed.aborted) return;
    // A connector that is not deployed does not become so while its dialog covers the button for it.
    if (status === 404) return showNothing(text('state.notDeployed'));
    showNothing(text('state.unknown', { reason: message }));
    again();
  }

  function again(): void {
    timer = setTimeout(() => ask('GET'), EVERY_MS);
  }

  function ask(method: 'GET' | 'POST', rest = '', body?: object): void {
    clearTimeout(timer);
    request<ConnectorAnswer>(method, connectorPath(nodeId, rest), body, closed).then((answer) => {
      if (closed.aborted) return;
      show(answer);
      again();
    }, fail);
  }

  function change(state: 'RUN' | 'STOPPED', busy: string): void {
    enable({ start: false, stop: false });
    light.attr('data-light', 'yellow');
    name.text(busy);
    ask('POST', '/state', { state });
  }

  start.on('click', () => change('RUN', 'STARTING'));
  stop.on('click', () => change('STOPPED', 'STOPPING'));
  showNothing(text('state.notDeployed'));
  // One that was just added is not asked for, because the browser would log the answer that there is none.
  if (RED.nodes.node(nodeId)) ask('GET');
}

function lines({ problem, counts, rate, lastError }: ConnectorAnswer): string[] {
  const mails = COUNTS.map((count) => text(`count.${count}`, { count: counts[count] })).join(' · ');
  const limit = text(`rate.${rate.period}`, { used: rate.used, limit: rate.limit });
  const trouble = problem
    ? [
        text('state.problem', { time: clock(problem.since), reason: sentences(problem.error) }),
        text('state.nextAttempt', { time: clock(problem.nextAttempt) }),
      ]
    : lastError
      ? [text('state.lastError', { reason: sentences(lastError) })]
      : [];
  return [mails, ...(rate.limit > 0 ? [limit] : []), ...trouble];
}

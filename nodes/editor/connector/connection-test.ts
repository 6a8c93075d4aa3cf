import { connectorPath, request, type RequestError } from '../api';
import { unsavedLogin } from './oauth-login';
import { textOf } from '../form/locale';

const FIELD = '#node-config-input-';
const text = textOf('email-server-connector');

interface Answer {
  ok: boolean;
  steps: { step: string; ok: boolean; ms: number; detail: string }[];
  error: { message: string; hint?: string } | null;
}

/** The two buttons that try out what the dialog holds, saved or not; a test that runs ends with the signal. */
export function connectionTest(nodeId: string, properties: () => string, closed: AbortSignal): void {
  const result = $('#esc-test-result');
  const buttons = $('#esc-test, #esc-test-send');
  const to = $('#esc-test-to');

  function run(address: string): void {
    buttons.prop('disabled', true);
    result
      .empty()
      .append(
        $('<div class="esc-test-busy">').append(
          $('<i class="fa fa-spinner fa-spin fa-fw" aria-hidden="true">'),
          document.createTextNode(` ${text('test.busy')}`),
        ),
      );
    const ended = new AbortController();
    const end = () => ended.abort();
    closed.addEventListener('abort', end, { once: true });
    request<Answer>('POST', connectorPath(nodeId, '/test'), unsaved(properties(), address), ended.signal)
      .then(
        (answer) => result.empty().append(...report(answer, address)),
        (error: RequestError) => result.empty().append(verdict(false, error.message)),
      )
      .finally(() => {
        closed.removeEventListener('abort', end);
        buttons.prop('disabled', !mayTest);
      });
  }

  function send(): void {
    const address = String(to.val() ?? '').trim();
    if (address !== '') return run(address);
    result.empty().append(verdict(false, text('test.noAddress')));
    to.trigger('focus');
  }

  const mayTest = RED.user.hasPermission('email-server-connector.write');
  buttons.prop('disabled', !mayTest);
  $('#esc-test').on('click', () => run(''));
  $('#esc-test-send').on('click', send);
  to.on('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    send();
  });
}

function unsaved(properties: string, to: string): object {
  const tls = String($(`${FIELD}tls`).val() ?? '');
  return {
    title: String($(`${FIELD}title`).val() ?? ''),
    properties,
    username: String($(`${FIELD}username`).val() ?? '').trim(),
    password: String($(`${FIELD}password`).val() ?? ''),
    tls: tls === '_ADD_' ? '' : tls,
    to,
    allowInsecureAuth: $(`${FIELD}allowInsecureAuth`).is(':checked'),
    ...unsavedLogin(),
  };
}

function report({ ok, steps, error }: Answer, to: string): JQuery[] {
  const rows = steps.map((step) =>
    $('<tr>')
      .attr('data-step', step.step)
      .append(
        $('<td>').append(sign(step.ok)),
        $('<td>').text(text(`step.${step.step}`)),
        $('<td class="esc-test-ms">').text(text('test.ms', { ms: step.ms })),
        $('<td class="esc-test-detail">').text(step.detail),
      ),
  );
  const done = to === '' ? text('test.ok') : text('test.sent', { to });
  return [
    verdict(ok, ok ? done : (error?.message ?? ''), error?.hint),
    ...(rows.length > 0 ? [$('<table class="esc-test-steps">').append($('<tbody>').append(...rows))] : []),
  ];
}

function verdict(ok: boolean, message: string, hint?: string): JQuery {
  return $('<div class="esc-test-verdict">')
    .attr('data-ok', String(ok))
    .append(
      sign(ok),
      $('<span>').text(message),
      ...(hint ? [$('<div class="esc-test-hint">').text(hint)] : []),
    );
}

function sign(ok: boolean): JQuery {
  return $('<i class="fa fa-fw" role="img">')
    .addClass(ok ? 'fa-check esc-good' : 'fa-times esc-bad')
    .attr('aria-label', text(ok ? 'test.good' : 'test.bad'));
}

/** The part of the dialog about the login: what is shown for which choice, and the sign-in. */
import { connectorPath, request, type RequestError } from '../api';
import { textOf } from '../form/locale';
import { fieldsFor, grantsOf, timeLeft } from './oauth-fields';

const FIELD = '#node-config-input-';
const text = textOf('email-server-connector');

/** Where the provider sends the browser back to, below the editor. */
const CALLBACK = 'email-server-connector/oauth2/callback';

/** Between two questions how the sign-in fares, ms. */
const EVERY_MS = 1500;

/** Fields of the dialog that a sign-in, or a connection test, tells. */
const TOLD = [
  'authType',
  'oauthProvider',
  'oauthGrant',
  'oauthTenant',
  'oauthClientId',
  'oauthScope',
  'oauthAuthUrl',
  'oauthTokenUrl',
  'oauthDeviceUrl',
  'clientSecret',
  'refreshToken',
  'serviceAccountKey',
];

interface Begun {
  signIn: string;
  endsAt: number;
  /** In the browser. */
  address?: string;
  /** By code. */
  userCode?: string;
  verificationUri?: string;
}

interface Progress {
  state: 'waiting' | 'done' | 'failed';
  refreshToken?: string;
  error?: { message: string; hint?: string };
}

const valueOf = (name: string) => String($(FIELD + name).val() ?? '');

/** The login as the dialog holds it, saved or not. */
export function unsavedLogin(): Record<string, string> {
  return Object.fromEntries(TOLD.map((name) => [name, valueOf(name)]));
}

/** Shows the fields of the chosen login, and lets people sign in; ends with the signal. */
export function oauthLogin(nodeId: string, properties: () => string, closed: AbortSignal): void {
  const grant = $(`${FIELD}oauthGrant`);
  const stored = String(grant.val() || 'authorization_code');

  function showGrants(chosen: string): void {
    const grants = grantsOf(valueOf('oauthProvider'));
    const options = grants.map((name) =>
      $('<option>')
        .val(name)
        .text(text(`grant.${name}`)),
    );
    grant
      .empty()
      .append(...options)
      .val(grants.includes(chosen) ? chosen : (grants[0] ?? ''));
  }

  function show(): void {
    const wanted = fieldsFor({
      authType: valueOf('authType'),
      oauthProvider: valueOf('oauthProvider'),
      oauthGrant: valueOf('oauthGrant'),
    });
    $('.esc-form [data-login]').each((_, row) => {
      $(row).toggle(wanted.has(row.dataset['login'] ?? ''));
    });
    $('#esc-oauth-note')
      .text(text(`oauthNote.${valueOf('oauthProvider')}`))
      .toggle(wanted.has('oauthGrant'));
  }

  if (valueOf('authType') === '') $(`${FIELD}authType`).val('password');
  if (valueOf('oauthProvider') === '') $(`${FIELD}oauthProvider`).val('microsoft');
  showGrants(stored);
  show();
  $(`${FIELD}oauthProvider`).on('change', () => {
    showGrants(valueOf('oauthGrant'));
    show();
  });
  $(`${FIELD}authType, ${FIELD}oauthGrant`).on('change', show);
  $('#esc-redirect').val(redirectUri());
  signIn(nodeId, properties, closed);
}

function redirectUri(): string {
  return new URL(CALLBACK, document.baseURI.replace(/[?#].*$/, '')).href;
}

/** The buttons of the sign-in and what they lead to. */
function signIn(nodeId: string, properties: () => string, closed: AbortSignal): void {
  const result = $('#esc-sign-in-result');
  const paste = $('#esc-sign-in-paste');
  const buttons = $('#esc-sign-in, #esc-sign-in-code');
  const maySignIn = RED.user.hasPermission('email-server-connector.write');
  let running: Begun | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  closed.addEventListener('abort', () => clearTimeout(timer), { once: true });

  const post = <T>(what: string, body: object) =>
    request<T>('POST', connectorPath(nodeId, `/oauth2/${what}`), body, closed);

  function say(...parts: (JQuery | string)[]): void {
    result.empty().append(...parts.map((part) => (typeof part === 'string' ? $('<div>').text(part) : part)));
  }

  function end(): void {
    clearTimeout(timer);
    running = undefined;
    buttons.prop('disabled', !maySignIn);
    paste.hide();
  }

  function fail({ message }: Pick<RequestError, 'message'>): void {
    if (closed.aborted) return;
    end();
    say($('<div class="esc-bad">').text(message));
  }

  function take({ state, refreshToken, error }: Progress): void {
    if (state === 'waiting') {
      timer = setTimeout(ask, EVERY_MS);
      return;
    }
    end();
    if (state === 'failed') {
      say($('<div class="esc-bad">').text(error?.message ?? ''), error?.hint ?? '');
      return;
    }
    $(`${FIELD}refreshToken`)
      .val(refreshToken ?? '')
      .trigger('change');
    say($('<div class="esc-good">').text(text('signIn.done')));
  }

  function ask(): void {
    if (!running) return;
    showLeft(running);
    post<Progress>('progress', { signIn: running.signIn }).then(take, fail);
  }

  function showLeft({ endsAt, address, userCode, verificationUri }: Begun): void {
    const link = (href: string, words: string) =>
      $('<a target="_blank" rel="noopener">').attr('href', href).text(words);
    const left = text('signIn.left', { time: timeLeft(endsAt - Date.now()) });
    if (userCode !== undefined) {
      say(
        $('<div>').append(
          document.createTextNode(`${text('signIn.enter')} `),
          $('<code>').text(userCode),
          ' ',
          link(safe(verificationUri), verificationUri ?? ''),
        ),
        left,
      );
    } else say(text('signIn.waiting'), link(safe(address), text('signIn.open')), left);
  }

  function begin(what: 'browser' | 'device', page: Window | null): void {
    buttons.prop('disabled', true);
    say(text('signIn.busy'));
    const body = {
      ...unsavedLogin(),
      properties: properties(),
      username: valueOf('username').trim(),
      redirectUri: String($('#esc-redirect').val() ?? '').trim(),
      tls: valueOf('tls') === '_ADD_' ? '' : valueOf('tls'),
    };
    post<Begun>(what, body).then(
      (begun) => {
        running = begun;
        if (page && begun.address !== undefined) page.location.href = safe(begun.address);
        paste.toggle(begun.address !== undefined);
        ask();
      },
      (error: RequestError) => {
        page?.close();
        fail(error);
      },
    );
  }

  buttons.prop('disabled', !maySignIn);
  paste.hide();
  // A page that opens later than the click would be blocked.
  $('#esc-sign-in').on('click', () => begin('browser', window.open('', '_blank')));
  $('#esc-sign-in-code').on('click', () => begin('device', null));
  $('#esc-sign-in-use').on('click', () => {
    if (!running) return;
    clearTimeout(timer);
    const address = String($('#esc-sign-in-address').val() ?? '').trim();
    post<Progress>('address', { signIn: running.signIn, address }).then(take, fail);
  });
}

/** The address of a web page, and nothing that runs. */
function safe(address: string | undefined): string {
  return /^https?:\/\//i.test(address ?? '') ? (address ?? '') : 'about:blank';
}

/** Calls the package's HTTP routes. Their paths are relative, because the editor may be served below any path. */

export interface RequestError extends Error {
  /** HTTP status; 0 when there was no answer. */
  status: number;
  code: string;
}

/**
 * Makes a request with the editor's own login and gives the JSON of the answer. Rejects with a RequestError, which has the
 * words of the answer when it has some; with the code ABORTED as soon as the signal says so.
 */
export function request<T>(
  method: 'GET' | 'POST',
  path: string,
  body: object | undefined,
  signal: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    // The editor puts its access token into requests made with jQuery.
    const sent = $.ajax({
      method,
      url: path,
      dataType: 'json',
      // Answers are for people, and the editor may be set to another language than the browser.
      headers: { 'Accept-Language': RED.i18n.lang() },
      ...(body && { contentType: 'application/json', data: JSON.stringify(body) }),
    });
    signal.addEventListener('abort', () => sent.abort(), { once: true });
    sent.then(
      (answer: T) => resolve(answer),
      (reply: JQuery.jqXHR) => reject(errorOf(reply, signal)),
    );
  });
}

/** The path of a connector's own route. */
export function connectorPath(id: string, rest = ''): string {
  return `email-server-connector/${encodeURIComponent(id)}${rest}`;
}

function errorOf({ status, statusText, responseJSON }: JQuery.jqXHR, signal: AbortSignal): RequestError {
  const { error } = (responseJSON ?? {}) as { error?: { code?: string; message?: string } };
  const message = error?.message ?? `${status} ${statusText}`;
  return Object.assign(new Error(message), {
    status,
    code: signal.aborted ? 'ABORTED' : (error?.code ?? 'NO_ANSWER'),
  });
}

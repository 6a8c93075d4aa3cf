/** The page at which the browser ends after a sign-in at the provider. */
import { explanation } from '../language/explanation';
import { t } from '../language/text';
import type { ErrorSummary } from '../types';

export interface Page {
  status: number;
  headers: Record<string, string>;
  html: string;
}

/** What the page says; null: no sign-in waits for this address. */
export function callbackPage(result: { state: string; error?: ErrorSummary } | null): Page {
  const text =
    result === null
      ? t`This sign-in has ended, or was not begun here. Begin it again in the dialog of the connector.`
      : result.error
        ? explanation(result.error)
        : t`You are signed in. Close this page, and deploy in the editor.`;
  return {
    status: result === null || result.error ? 400 : 200,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      // The address holds a code: nothing else may learn of it, and nothing in the page runs.
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
      'X-Content-Type-Options': 'nosniff',
    },
    html: `<!doctype html><meta charset="utf-8"><title>Node-RED</title><p>${escaped(text)}</p>`,
  };
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

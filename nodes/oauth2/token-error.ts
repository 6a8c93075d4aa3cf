/**
 * Why there is no access token. It looks like an error of a connection, so that the same table of rules (nodes/failures)
 * says what it means and what to do.
 */

/** Faults on the way; everything else is an error code of the provider (RFC 6749 section 5.2). */
export type Fault =
  'timeout' | 'unreachable' | 'certificate' | 'malformed' | 'unavailable' | 'aborted' | 'storage';

const FAULTS: readonly string[] = [
  'timeout',
  'unreachable',
  'certificate',
  'malformed',
  'unavailable',
  'aborted',
  'storage',
] satisfies Fault[];

/** Characters of a provider's words that are kept. */
const MAX_TEXT = 400;

export class TokenError extends Error {
  readonly code = 'EOAUTH2';
  /** The provider's error code such as `invalid_grant`, or a {@link Fault}. */
  readonly originalCode: string;
  /** The least time until the next request, ms. */
  readonly retryAfter: number | null;

  /** `message` must be without secrets. */
  constructor(originalCode: string, message: string, retryAfter: number | null = null) {
    super(message);
    this.name = 'TokenError';
    this.originalCode = originalCode;
    this.retryAfter = retryAfter;
  }

  /** The provider said no, and would say so again. */
  get refused(): boolean {
    return !FAULTS.includes(this.originalCode);
  }
}

/** Error codes of providers that only say that now is a bad time (RFC 6749 section 4.1.2.1, and what Microsoft adds). */
const TEMPORARY = [
  'temporarily_unavailable',
  'server_error',
  'slow_down',
  'internal_failure',
  'rate_limit_exceeded',
];

/** The error that an answer of an endpoint is; `hide` takes the secrets of the request out of its words. */
export function refusalOf(
  host: string,
  { status, body, retryAfter }: { status: number; body: string; retryAfter: number | null },
  hide: (text: string) => string,
): TokenError {
  const { error, error_description: description } = fieldsOf(body);
  const code = typeof error === 'string' ? error.replace(/[^\w.-]/g, '').slice(0, 60) : '';
  const words = typeof description === 'string' ? hide(withoutTrace(description)) : '';
  const text = [code, words].filter((part) => part !== '').join(': ');
  if (status === 429 || status >= 500 || TEMPORARY.includes(code)) {
    return new TokenError('unavailable', `${host}: ${text || `HTTP ${status}`}`, retryAfter);
  }
  if (code === '') return new TokenError('malformed', `${host}: HTTP ${status}`, retryAfter);
  return new TokenError(code, text, retryAfter);
}

function fieldsOf(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Microsoft puts ids for its support behind the sentence. */
function withoutTrace(description: string): string {
  const text = description
    .replace(/\s*Trace ID:.*$/is, '')
    // eslint-disable-next-line no-control-regex -- a provider's words must not control a terminal or a log
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .trim();
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
}

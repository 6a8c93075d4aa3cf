/**
 * Errors of OpenSSL as texts for people. OpenSSL writes `[thread:]error:code:library:function:reason[:file:line:[data]]`
 * (ERR_error_string), a line for each error in its queue; only the reason says anything.
 */

const BEGIN = String.raw`(?:\b[0-9A-F]{8,16}:)?\berror:[0-9A-F]{8}:`;
/** A path on Windows has a colon too. What follows the line number goes on to the end of the line, or the next error. */
const PLACE = String.raw`(?::[^\n]*?\.c+:\d+:[^\n]*?(?=\n|$|${BEGIN}))?`;
const ONE = String.raw`${BEGIN}[^:\n]*:[^:\n]*:([^:\n]+)${PLACE}`;
const RUN = new RegExp(String.raw`${ONE}(?:\s*${ONE})*`, 'gi');

/** Leaves of each error of OpenSSL in a text its reason, each reason once. */
export function withoutOpenSslDetails(text: string): string {
  return text.replace(RUN, (run) => {
    const reasons = [...run.matchAll(new RegExp(ONE, 'gi'))].map(([, reason = '']) => reason.trim());
    return [...new Set(reasons)].join(', ');
  });
}

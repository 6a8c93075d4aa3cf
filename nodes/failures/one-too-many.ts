/**
 * Refusals that may be about the number of connections. Servers have no reply of their own for it: the same words come when
 * nothing works at all. So these signs count only while another connection to the server works.
 */
import { readSigns } from './signs';

/** Exchange (432 4.3.2), Exim, Sendmail, cPanel and others, which say what they mean, at whatever command. */
const NAMED =
  /concurrent (?:smtp )?(?:connections?|sessions?)\b.{0,20}(?:limit|exceed)|too many (?:(?:open|active|current|concurrent|simultaneous|parallel|smtp|client) ){0,3}(?:connections?|sessions?)\b|(?:connections?|sessions?) limit (?:\w+ )?(?:exceeded|reached)|max(?:imum)?(?: number of)? (?:\w+ )?(?:connections?|sessions?)\b.{0,20}(?:exceeded|reached)|sender thread limit exceeded|^432 4\.3\.2\b/i;

/** What a connection limit in a firewall or in front of the server looks like: no answer, or none at all. */
const CUT_OFF = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'];
const SILENT = ['CONNECT_TIMEOUT', 'GREETING_TIMEOUT'];

/** True when an error fits a server that allows no further connection; `opening`: before the first mail of the connection. */
export function isOneTooMany(error: unknown, opening: boolean): boolean {
  const { code, original, timeout, refused, replyCode, command, text } = readSigns(error);
  if (refused) {
    if (NAMED.test(text)) return true;
    // A login that is refused for good is wrong, however many connections there are.
    return opening && (replyCode < 500 || command === 'CONN');
  }
  if (!opening) return false;
  return (
    CUT_OFF.includes(original) ||
    SILENT.includes(timeout) ||
    (code === 'ECONNECTION' && original === '') ||
    (error as { beforeGreeting?: boolean } | null)?.beforeGreeting === true
  );
}

/** The least waits before an attempt is repeated, ms. The retry schedule may make them longer. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * The settings are wrong (login, certificate, port) and a person has to act. Two or three logins in ten minutes
 * stay below the five that servers commonly ban an address for (fail2ban: maxretry 5, findtime 10m).
 */
export const HOLD = 5 * MINUTE;

/** Too many logins: "hold 15 to 60 minutes", each further login makes it longer (Gmail, 454 4.7.0). */
export const LOGIN_THROTTLED = 15 * MINUTE;

/** A sending quota over a rolling 24 hours: a probe each hour finds the end of it soon enough. */
export const QUOTA = HOUR;

/** A limit for each hour on what one recipient gets (Exchange 5.2.121, 5.2.122). */
export const RECIPIENT_HOURLY = HOUR;

/** Greylisting and full mailboxes: most greylists let a mail in after five minutes (RFC 6647 section 2.7). */
export const GREYLIST = 5 * MINUTE;

/** Many greylists want no more than a minute, and what is only busy is soon free: an alert need not wait for more. */
export const FIRST_GREYLIST: readonly number[] = [15 * SECOND, MINUTE];

/** "Try again later, closing connection": a new connection at once would be one more reason to refuse. */
export const SLOW_DOWN = MINUTE;

/** Too many connections or mails at once at Exchange, which frees them within seconds (432 4.3.2). */
export const CONCURRENCY = 10 * SECOND;

/** Mails per second at Amazon SES (454 Throttling failure). */
export const PER_SECOND = 5 * SECOND;

/**
 * Keys that people write and JavaMail does not read, with the key that they meant; null: there is none. A name without
 * `mail.` stands for the key under `mail.smtp.` and under `mail.smtps.`.
 */
export const ALIASES: ReadonlyMap<string, string | null> = new Map([
  ['username', 'user'],
  ['auth.username', 'user'],
  ['auth.user', 'user'],
  ['login', 'user'],
  ['debug', 'mail.debug'],
  ['protocol', 'mail.transport.protocol'],
  ['ssl', 'ssl.enable'],
  ['ssl.enabled', 'ssl.enable'],
  ['smtpSSL', 'ssl.enable'],
  ['EnableSSL.enable', 'ssl.enable'],
  ['tls', 'starttls.enable'],
  ['tls.enable', 'starttls.enable'],
  ['starttls', 'starttls.enable'],
  ['starttls.enabled', 'starttls.enable'],
  ['startssl.enable', 'starttls.enable'],
  ['trust', 'ssl.trust'],
  ['sender', 'from'],
  ['auth.needed', 'auth'],
  ['charset', null],
  ['mail.username', 'mail.user'],
  ['mail.protocol', 'mail.transport.protocol'],
  ['mail.sender', 'mail.smtp.from'],
  ['mail.server.host', 'mail.smtp.host'],
  ['mail.server.port', 'mail.smtp.port'],
  ['mail.port', 'mail.smtp.port'],
  ['mail.auth', 'mail.smtp.auth'],
]);

/** Keys of JavaMail that are about something else than sending: stores of received mail, and how messages are written. */
export const NOT_SENDING =
  /^mail\.(?:imaps?|pop3s?|gimaps?|nntp|mbox|maildir|store|mime|mimeencode|folder|event|alternates|replyallcc)(?:\.|$)/;

/** Last words of keys that hold a password: such a key is refused, whatever stands before it. */
export const PASSWORD_WORDS: readonly string[] = [
  'password',
  'passwd',
  'passphrase',
  'passcode',
  'pass',
  'pwd',
  'secret',
  'token',
];

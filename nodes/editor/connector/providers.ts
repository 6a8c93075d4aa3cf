/** Settings of well-known providers, to start from. Their names and notes are in the locale files. */

export type Period = 'second' | 'minute' | 'hour' | 'day';

/** Most mails in a period; 0 sets no limit. */
export interface Rate {
  limit: number;
  period: Period;
}

export interface Provider {
  id: string;
  properties: string;
  /** Servers of the provider. */
  hosts: RegExp;
  /** The limit that the provider publishes for an ordinary account; none when it depends on what was bought. */
  rate?: Rate;
  /** The username that every account has. */
  username?: string;
  /** The host in the properties is only an example. */
  anyHost?: true;
}

const NO_LIMIT: Rate = { limit: 0, period: 'minute' };

/** Encrypted from the first byte (RFC 8314 section 3.3). */
function implicitTls(host: string): string {
  return lines(host, 465, 'mail.smtp.auth=true', 'mail.smtp.ssl.enable=true', 'mail.debug=false');
}

/** Submission with STARTTLS or nothing (RFC 6409, RFC 3207). */
function startTls(host: string, ...more: string[]): string {
  return lines(
    host,
    587,
    'mail.smtp.auth=true',
    'mail.smtp.starttls.enable=true',
    'mail.smtp.starttls.required=true',
    ...more,
    'mail.debug=false',
  );
}

function lines(host: string, port: number, ...more: string[]): string {
  return [`mail.smtp.host=${host}`, `mail.smtp.port=${port}`, ...more].join('\n');
}

// For services whose username is no address.
const SENDER = 'mail.from=Node-RED <node-red@example.com>';

/** The default of a new connector, because a new user can try it with nothing but an app password. */
export const GMAIL = implicitTls('smtp.gmail.com');

/** In the order in which the dialog offers them. */
export const PROVIDERS: readonly Provider[] = [
  {
    id: 'gmail',
    properties: GMAIL,
    hosts: /^smtp\.gmail\.com$/,
    // About 500 recipients a day without Workspace (support.google.com/a/answer/166852, mail.google.com limits).
    rate: { limit: 500, period: 'day' },
  },
  {
    id: 'microsoft',
    properties: startTls('smtp.office365.com'),
    hosts: /^(smtp\.office365\.com|smtp-mail\.outlook\.com)$/,
    // learn.microsoft.com, Exchange, SMTP submission improvements: 30 messages a minute, 3 connections.
    rate: { limit: 30, period: 'minute' },
  },
  {
    id: 'icloud',
    properties: startTls('smtp.mail.me.com'),
    hosts: /^smtp\.mail\.me\.com$/,
    // support.apple.com/102198: 1,000 messages a day.
    rate: { limit: 1000, period: 'day' },
  },
  {
    id: 'yahoo',
    properties: implicitTls('smtp.mail.yahoo.com'),
    hosts: /^smtp\.mail\.yahoo\.com$/,
    // help.yahoo.com SLN17518: 500 a day, each recipient counted.
    rate: { limit: 500, period: 'day' },
  },
  {
    id: 'gmx',
    properties: startTls('mail.gmx.com'),
    hosts: /^mail\.gmx\.(com|net)$/,
  },
  {
    id: 'ses',
    properties: startTls('email-smtp.us-east-1.amazonaws.com', SENDER),
    hosts: /^email-smtp(-fips)?\.[\w-]+\.amazonaws\.com$/,
    // docs.aws.amazon.com/ses, service quotas: an account in the sandbox sends one mail a second.
    rate: { limit: 1, period: 'second' },
  },
  {
    id: 'sendgrid',
    properties: startTls('smtp.sendgrid.net', SENDER),
    hosts: /^smtp\.(eu\.)?sendgrid\.net$/,
    username: 'apikey',
  },
  {
    id: 'mailgun',
    properties: startTls('smtp.mailgun.org'),
    hosts: /^smtp\.(eu\.)?mailgun\.org$/,
  },
  {
    id: 'postmark',
    properties: startTls('smtp.postmarkapp.com', SENDER),
    hosts: /^smtp\.postmarkapp\.com$/,
  },
  {
    id: 'mailjet',
    properties: startTls('in-v3.mailjet.com', SENDER),
    hosts: /^in-v3\.mailjet\.com$/,
  },
  {
    id: 'brevo',
    properties: startTls('smtp-relay.brevo.com', SENDER),
    hosts: /^smtp-relay\.brevo\.com$/,
  },
  {
    id: 'zoho',
    properties: implicitTls('smtp.zoho.com'),
    hosts: /^smtp(pro)?\.zoho\.[a-z.]+$/,
    // zoho.com/mail/help/adminconsole/rates-and-limits: 50 to 500 an hour to others, by reputation.
    rate: { limit: 50, period: 'hour' },
  },
  {
    id: 'fastmail',
    properties: implicitTls('smtp.fastmail.com'),
    hosts: /^smtp\.fastmail\.com$/,
  },
  {
    id: 'relay',
    properties: lines('relay.example.com', 25, 'mail.smtp.auth=false', SENDER, 'mail.debug=false'),
    hosts: /^relay\.example\.com$/,
    anyHost: true,
  },
  {
    id: 'local',
    properties: lines('127.0.0.1', 1025, 'mail.smtp.auth=false', SENDER, 'mail.debug=false'),
    hosts: /^(127\.0\.0\.1|localhost|\[?::1\]?)$/,
    anyHost: true,
  },
];

/** The provider with an id. */
export function providerWith(id: string): Provider | undefined {
  return PROVIDERS.find((provider) => provider.id === id);
}

/**
 * The provider that a properties text is for, by its host. `chosen` is the one that was picked last: it stays when its host
 * was an example and another one, of nobody known, is there now.
 */
export function providerOf(text: string, chosen?: Provider): Provider | undefined {
  const host = hostIn(text);
  return (
    PROVIDERS.find(({ hosts }) => hosts.test(host)) ?? (chosen?.anyHost && host !== '' ? chosen : undefined)
  );
}

/** Whether nobody would miss the text: it is empty, or just as a provider's settings are offered. */
export function isUnedited(text: string): boolean {
  const plain = text.replace(/\r/g, '').trim();
  return plain === '' || PROVIDERS.some(({ properties }) => properties === plain);
}

/** The limit after a provider is chosen: that of the provider, unless somebody set one that no provider has. */
export function rateFor(provider: Provider, current: Rate): Rate {
  const own =
    current.limit !== 0 &&
    !PROVIDERS.some(({ rate }) => rate?.limit === current.limit && rate.period === current.period);
  return own ? current : (provider.rate ?? NO_LIMIT);
}

function hostIn(text: string): string {
  return propertyIn(text, 'mail.smtp.host', 'mail.smtps.host', 'mail.host').toLowerCase();
}

/** The first of these properties that a text sets, as far as a glance tells; empty when there is none. */
export function propertyIn(text: string, ...keys: string[]): string {
  const set = new Map<string, string>();
  for (const [, key = '', value = ''] of text.matchAll(
    /^[ \t]*([\w.-]+)[ \t]*[=: \t][ \t]*(.*?)[ \t\r]*$/gm,
  )) {
    set.set(key, value);
  }
  return keys.map((key) => set.get(key)).find((value) => value !== undefined) ?? '';
}

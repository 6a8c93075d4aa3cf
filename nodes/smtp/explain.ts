/**
 * Says what settings mean, for people.
 */
import type { SmtpSettings } from './settings';

export interface SettingsSummary {
  host: string;
  port: number;
  /** implicit, required, opportunistic or none. */
  security: string;
  /** none, password, or the mechanisms in their order. */
  auth: string;
  /** Empty without a login. */
  user: string;
}

/** The settings in the few words that the editor shows. No secret is among them. */
export function summary(settings: SmtpSettings): SettingsSummary {
  const { host, port, security, auth } = settings;
  return {
    host,
    port,
    security,
    auth: auth === null ? 'none' : (auth.mechanisms?.join(' ') ?? 'password'),
    user: auth?.user ?? '',
  };
}

const ENCRYPTION: Record<SmtpSettings['security'], string> = {
  implicit: 'Implicit TLS to',
  required: 'STARTTLS (required) to',
  opportunistic: 'STARTTLS when offered, else clear text, to',
  none: 'Clear text to',
};

/** The settings as one sentence: "Implicit TLS to smtp.gmail.com:465, logs in as alerts@example.com." */
export function sentence(settings: SmtpSettings): string {
  const { host, port, security, auth, tls, proxy, envelopeFrom } = settings;
  const parts = [`${ENCRYPTION[security]} ${authority(host, port)}`];
  if (proxy !== null) {
    const kind = proxy.kind === 'http' ? 'HTTP' : 'SOCKS5';
    parts.push(`through the ${kind} proxy ${authority(proxy.host, proxy.port)}`);
  }
  parts.push(auth === null ? 'no login' : login(auth));
  if (security !== 'none') {
    if (!tls.rejectUnauthorized) parts.push('certificate not checked');
    else if (!tls.checkServerIdentity) parts.push('name in the certificate not checked');
  }
  if (envelopeFrom !== null) {
    parts.push(envelopeFrom === '' ? 'null envelope sender' : `envelope sender ${envelopeFrom}`);
  }
  return `${parts.join(', ')}.`;
}

function login({ user, mechanisms }: NonNullable<SmtpSettings['auth']>): string {
  return mechanisms === null ? `logs in as ${user}` : `logs in as ${user} with ${mechanisms.join(', else ')}`;
}

function authority(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

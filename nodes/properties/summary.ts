/**
 * Says what settings mean, for people.
 */
import { t } from '../language/text';
import type { SmtpSettings } from './settings';

export interface SettingsSummary {
  host: string;
  port: number;
  /** implicit, required, opportunistic or none. */
  security: string;
  /** none, password, oauth2, or the mechanisms in their order. */
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
    auth: auth === null ? 'none' : auth.token ? 'oauth2' : (auth.mechanisms?.join(' ') ?? 'password'),
    user: auth?.user ?? '',
  };
}

const ENCRYPTION: Record<SmtpSettings['security'], (server: string) => string> = {
  implicit: (server) => t`Implicit TLS to ${server}`,
  required: (server) => t`STARTTLS (required) to ${server}`,
  opportunistic: (server) => t`STARTTLS when offered, else clear text, to ${server}`,
  none: (server) => t`Clear text to ${server}`,
};

/** The settings as one sentence: "Implicit TLS to smtp.gmail.com:465, logs in as alerts@example.com." */
export function sentence(settings: SmtpSettings): string {
  const { host, port, security, auth, tls, proxy, envelopeFrom } = settings;
  const parts = [ENCRYPTION[security](authority(host, port))];
  if (proxy !== null) {
    const kind = proxy.kind === 'http' ? 'HTTP' : 'SOCKS5';
    parts.push(t`through the ${kind} proxy ${authority(proxy.host, proxy.port)}`);
  }
  parts.push(auth === null ? t`no login` : login(auth));
  if (security !== 'none') {
    if (!tls.rejectUnauthorized) parts.push(t`certificate not checked`);
    else if (!tls.checkServerIdentity) parts.push(t`name in the certificate not checked`);
  }
  if (envelopeFrom !== null) {
    parts.push(envelopeFrom === '' ? t`null envelope sender` : t`envelope sender ${envelopeFrom}`);
  }
  return `${parts.join(', ')}.`;
}

function login({ user, mechanisms, token }: NonNullable<SmtpSettings['auth']>): string {
  if (token) return t`logs in as ${user} with OAuth2`;
  if (mechanisms === null) return t`logs in as ${user}`;
  const [first = '', ...others] = mechanisms;
  const inOrder = others.reduce<string>((list, next) => t`${list}, else ${next}`, first);
  return t`logs in as ${user} with ${inOrder}`;
}

function authority(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Reads the fields of an email-server-connector as a flow file holds them. */
import { t } from '../language/text';
import { readAllowedRecipients, readRedirectTo, type Restrictions } from '../mail/recipients/restrictions';
import type { Grant, ProviderName } from '../oauth2/providers';
import type { OAuthFields } from '../oauth2/settings';
import { MailError, type RateLimit, type RatePeriod } from '../types';

export interface ConnectorFields {
  title: string;
  properties: string;
  username: string;
  password: string;
  autostart: boolean;
  connections: number;
  rate: RateLimit;
  outbox: 'disk' | 'memory';
  outboxLimit: number;
  retryHours: number;
  allowInsecureAuth: boolean;
  restrictions: Restrictions;
  /** How to log in: with the password, as the properties say, or with a token. */
  authType: 'password' | 'oauth2';
  oauth: OAuthFields;
}

export interface ConnectorCredentials {
  username?: string;
  password?: string;
  clientSecret?: string;
  refreshToken?: string;
  serviceAccountKey?: string;
}

const PROVIDER_NAMES: ProviderName[] = ['microsoft', 'google', 'other'];
const GRANTS: Grant[] = ['authorization_code', 'client_credentials', 'service_account'];

/** What a connector does with a Gmail account when nothing else is said. */
export const DEFAULT_PROPERTIES = [
  'mail.smtp.host=smtp.gmail.com',
  'mail.smtp.port=465',
  'mail.smtp.auth=true',
  'mail.smtp.ssl.enable=true',
  'mail.debug=false',
].join('\n');

const PERIODS: RatePeriod[] = ['second', 'minute', 'hour', 'day'];

/** Gives the value of an environment variable as the flow sees it; undefined when it is not set. */
export type Env = (name: string) => string | undefined;

/** A value of a field or of an environment variable, which may be a number, a boolean or JSON, as text. */
export function fieldText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Replaces each `${NAME}` in a field by its value. Throws a MailError that names the field and an unset name. */
export function expand(field: string, text: string, env: Env): string {
  return text.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
    const value = env(name);
    if (value === undefined) {
      throw new MailError('ENV_UNSET', t`${field}: the environment variable ${name} is not set`, {
        hint: t`Set ${name} in the environment of Node-RED, or in the flow or group that holds the connector.`,
      });
    }
    return value;
  });
}

/**
 * Reads the fields with their defaults; numbers and booleans may be texts, because `${NAME}` makes them so.
 * `properties` is left as it is: its own reader replaces the variables. Never throws: what is wrong is in `errors`.
 */
export function readConnectorFields(
  raw: Record<string, unknown>,
  credentials: ConnectorCredentials,
  env: Env,
): { fields: ConnectorFields; errors: MailError[] } {
  const errors: MailError[] = [];
  const attempt = <T>(read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch (error) {
      errors.push(error as MailError);
      return otherwise;
    }
  };
  const text = (field: string, otherwise: string) => {
    const value = raw[field];
    return value === undefined || value === null ? otherwise : expand(field, fieldText(value), env);
  };
  const number = (field: string, otherwise: number, least: number, most: number, whole = true) =>
    attempt(() => {
      const given = text(field, '').trim();
      if (given === '') return otherwise;
      const value = Number(given);
      if (!Number.isFinite(value) || value < least || value > most || (whole && !Number.isInteger(value))) {
        throw new MailError(
          'CONFIG',
          whole
            ? t`${field}: "${given}" is not a whole number from ${least} to ${most}`
            : t`${field}: "${given}" is not a number from ${least} to ${most}`,
          {
            hint: t`Set ${field} to a number in that range, for example ${otherwise}.`,
          },
        );
      }
      return value;
    }, otherwise);
  const boolean = (field: string, otherwise: boolean) =>
    attempt(() => {
      const given = text(field, '').trim().toLowerCase();
      if (given === '') return otherwise;
      if (given !== 'true' && given !== 'false') {
        throw new MailError('CONFIG', t`${field}: "${given}" is neither true nor false`, {
          hint: t`Set ${field} to true or false.`,
        });
      }
      return given === 'true';
    }, otherwise);
  const oneOf = <T extends string>(field: string, values: T[], otherwise: T) =>
    attempt(() => {
      const given = text(field, '').trim();
      if (given === '') return otherwise;
      if (!values.includes(given as T)) {
        throw new MailError('CONFIG', t`${field}: "${given}" is none of ${values.join(', ')}`, {
          hint: t`Set ${field} to one of them, for example ${otherwise}.`,
        });
      }
      return given as T;
    }, otherwise);

  const word = (field: string) => attempt(() => text(field, '').trim(), '');
  const secret = (field: keyof ConnectorCredentials) =>
    attempt(() => expand(field, credentials[field] ?? '', env), '');

  const fields: ConnectorFields = {
    title: attempt(() => text('title', '').trim(), ''),
    properties: typeof raw.properties === 'string' ? raw.properties : DEFAULT_PROPERTIES,
    username: secret('username'),
    password: secret('password'),
    autostart: boolean('autostart', true),
    connections: number('connections', 2, 1, 10),
    rate: {
      limit: number('rateLimit', 0, 0, 100_000),
      period: oneOf('ratePeriod', PERIODS, 'minute'),
    },
    outbox: oneOf('outbox', ['disk', 'memory'], 'disk'),
    outboxLimit: number('outboxLimit', 10_000, 1, 1_000_000),
    retryHours: number('retryHours', 24, 0, 24 * 30, false),
    allowInsecureAuth: boolean('allowInsecureAuth', false),
    restrictions: {
      allowed: attempt(() => readAllowedRecipients(text('allowedRecipients', '')), null),
      redirectTo: attempt(() => readRedirectTo(text('redirectTo', '')), null),
    },
    authType: oneOf('authType', ['password', 'oauth2'], 'password'),
    oauth: {
      provider: oneOf('oauthProvider', PROVIDER_NAMES, 'microsoft'),
      grant: oneOf('oauthGrant', GRANTS, 'authorization_code'),
      tenant: word('oauthTenant'),
      clientId: word('oauthClientId'),
      scope: word('oauthScope'),
      authUrl: word('oauthAuthUrl'),
      tokenUrl: word('oauthTokenUrl'),
      deviceUrl: word('oauthDeviceUrl'),
      clientSecret: secret('clientSecret').trim(),
      refreshToken: secret('refreshToken').trim(),
      serviceAccountKey: secret('serviceAccountKey'),
    },
  };
  return { fields, errors };
}

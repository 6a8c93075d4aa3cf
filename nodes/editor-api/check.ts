/** Says what a properties text means and what is wrong with it, while it is written in the editor. */
import { randomUUID } from 'node:crypto';
import { expand, readConnectorFields, type Env } from '../connector/config';
import { explanation } from '../language/explanation';
import { N_, t, translate } from '../language/text';
import { sentence, summary, type SettingsSummary } from '../properties/summary';
import { redirectWarning } from '../mail/recipients/restrictions';
import { readSettings, type Finding, type SmtpSettings } from '../properties/settings';
import { MailError } from '../types';
import { readFields, readFlag, readText } from './body';
import { recordEnv, replaceWhole } from './variables';

export interface CheckAnswer {
  /** Null when there are errors. */
  settings: (SettingsSummary & { sentence: string }) | null;
  errors: Finding[];
  warnings: Finding[];
}

/** What stands in an answer for a username that the editor did not tell. */
const UNKNOWN_USER = N_('the stored username');

/**
 * Checks `{properties, hasCredentials, authType?, username?, allowInsecureAuth?, allowedRecipients?, redirectTo?}` as a start of the connector would. Variables are
 * read and their values not shown: who may look at flows may not look at the environment.
 * Throws MailError BAD_REQUEST when the body is none.
 */
export function check(body: unknown, environment: Env): CheckAnswer {
  const fields = readFields(t`The body`, body);
  const properties = readText(fields, 'properties');
  const hasCredentials = readFlag(fields, 'hasCredentials');
  const givenUser = readText(fields, 'username', '');
  const allowInsecureAuth = readFlag(fields, 'allowInsecureAuth', false);
  const oauth2 = readText(fields, 'authType', '') === 'oauth2';

  const { env, hide } = recordEnv(environment);
  const placeholder = `user-${randomUUID()}`;
  const user = readUsername(givenUser, env);
  const result = readSettings({
    properties: replaceWhole(properties, env),
    username: user.name !== '' || !hasCredentials ? user.name : placeholder,
    password: hasCredentials ? randomUUID() : '',
    oauth2,
    env,
    allowInsecureAuth,
    tlsNode: null,
  });
  const shown = (text: string) => hide(text.replaceAll(placeholder, translate(UNKNOWN_USER)));
  const show = (finding: Finding): Finding => ({ ...finding, message: shown(finding.message) });
  const recipients = RECIPIENT_FIELDS.map((name) => checkRecipients(name, readText(fields, name, ''), env));
  const errors = [...user.errors, ...result.errors, ...recipients.flatMap((one) => one.errors)].map(show);
  return {
    settings:
      result.settings === null || errors.length > 0
        ? null
        : shownSettings(result.settings, placeholder, shown),
    errors,
    warnings: [...result.warnings, ...recipients.flatMap((one) => one.warnings)].map(show),
  };
}

const RECIPIENT_FIELDS = ['allowedRecipients', 'redirectTo'] as const;

/** What there is to say of a field about who may get mails. */
function checkRecipients(
  name: (typeof RECIPIENT_FIELDS)[number],
  text: string,
  env: Env,
): { errors: Finding[]; warnings: Finding[] } {
  const { fields, errors } = readConnectorFields({ [name]: replaceWhole(text, env) }, {}, env);
  const { redirectTo } = fields.restrictions;
  const finding = (code: string, message: string): Finding => ({ line: null, key: name, code, message });
  return {
    errors: errors.map((error) => finding(error.code, explanation(error))),
    warnings: redirectTo ? [finding('REDIRECTED', redirectWarning(redirectTo))] : [],
  };
}

function readUsername(given: string, env: Env): { name: string; errors: Finding[] } {
  try {
    return { name: expand('username', given, env), errors: [] };
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    const { code, message } = error;
    return { name: given, errors: [{ line: null, key: 'username', code, message }] };
  }
}

function shownSettings(
  settings: SmtpSettings,
  placeholder: string,
  shown: (text: string) => string,
): CheckAnswer['settings'] {
  const { auth, proxy, envelopeFrom } = settings;
  // Shown value by value, so that the words of the sentence stay what they are.
  const visible: SmtpSettings = {
    ...settings,
    host: shown(settings.host),
    auth: auth === null ? null : { ...auth, user: shown(auth.user) },
    proxy: proxy === null ? null : { ...proxy, host: shown(proxy.host) },
    envelopeFrom: envelopeFrom === null ? null : shown(envelopeFrom),
  };
  return {
    ...summary(visible),
    ...(auth?.user === placeholder ? { user: '' } : {}),
    sentence: sentence(visible),
  };
}

import { readSettings, type SettingsInput, type SmtpSettings } from '../../nodes/properties/settings';

/** Reads settings with a login, unless the test says otherwise. */
export function settingsOf(properties: string, input: Partial<SettingsInput> = {}) {
  return readSettings({
    properties,
    username: 'alerts@example.com',
    password: 'correct horse',
    env: () => undefined,
    allowInsecureAuth: false,
    tlsNode: null,
    ...input,
  });
}

/** No username and no password. */
export const NO_LOGIN = { username: '', password: '' };

/** The settings, which must be without errors. */
export function goodSettings(properties: string, input: Partial<SettingsInput> = {}): SmtpSettings {
  const { settings, errors } = settingsOf(properties, input);
  if (settings === null) throw new Error(errors.map(({ message }) => message).join('\n'));
  return settings;
}

/** The codes of the errors, in the order of the text. */
export function errorsOf(properties: string, input: Partial<SettingsInput> = {}): string[] {
  return settingsOf(properties, input).errors.map(({ code }) => code);
}

/** The codes of the warnings, in the order of the text. */
export function warningsOf(properties: string, input: Partial<SettingsInput> = {}): string[] {
  return settingsOf(properties, input).warnings.map(({ code }) => code);
}

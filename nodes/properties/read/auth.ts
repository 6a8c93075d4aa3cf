/**
 * Whether to log in, as whom and with which mechanism.
 */
import { t } from '../../language/text';
import type { Findings } from '../findings';
import { type PropertyReader, reason } from '../reader';

export type Mechanism = 'PLAIN' | 'LOGIN' | 'CRAM-MD5' | 'XOAUTH2';

export interface Login {
  user: string;
  /** The password; with XOAUTH2 the access token. */
  pass: string;
  /** In order of preference: the first that the server offers is used. Null: PLAIN, LOGIN, CRAM-MD5. */
  mechanisms: Mechanism[] | null;
  /** The login is made with an access token that is fetched for it; `pass` is empty. */
  token?: true;
}

const MECHANISMS: readonly Mechanism[] = ['PLAIN', 'LOGIN', 'CRAM-MD5', 'XOAUTH2'];

/** The order in which JavaMail tries them where the properties name none (its `auth.mechanisms`). */
const JAVA_ORDER: readonly Mechanism[] = ['LOGIN', 'PLAIN', 'CRAM-MD5', 'XOAUTH2'];

const isMechanism = (word: string): word is Mechanism => MECHANISMS.some((mechanism) => mechanism === word);

/** Reads the login; null when there is none. The connector's own username wins over those in the text. */
export function readLogin(
  credentials: { username: string; password: string; oauth2?: boolean },
  reader: PropertyReader,
  findings: Findings,
): Login | null {
  const named = reader.text('user') ?? reader.text('mail.user');
  const user = credentials.username !== '' ? credentials.username : (named?.value ?? '');
  const pass = credentials.password;
  const mechanisms = readMechanisms(reader, findings);
  const auth = reader.flag('auth');
  if (named !== null && credentials.username !== '' && named.value !== credentials.username) {
    findings.warn(
      'USER_UNUSED',
      t`${named.key} has no effect: the username field of the connector is set.`,
      named,
    );
  }
  if ([user, pass].some((text) => /[\0\r\n\p{Cs}]/u.test(text))) {
    findings.error(
      'CREDENTIALS_INVALID',
      t`There is a line break, a NUL or half a character in the username or password. Type it in again.`,
    );
    return null;
  }
  if (credentials.oauth2) return readTokenLogin(user, auth, reader, findings);
  if (auth === false) {
    if (pass !== '') {
      findings.warn(
        'AUTH_OFF',
        t`${reader.key('auth')}=false: the password is not used.`,
        reader.find('auth'),
      );
    }
    return null;
  }
  if (user !== '' && pass !== '') {
    if (reader.find('auth') === null) {
      findings.warn(
        'AUTH_IMPLIED',
        t`${reader.key('auth')} is not set: the connector logs in, because it has a password.
          Write ${reader.key('auth')}=true, or false not to log in.`,
      );
    }
    return { user, pass, mechanisms };
  }
  const relayUser = credentials.username === '' && pass === '';
  if (auth !== true && relayUser) {
    if (named !== null) {
      findings.warn(
        'USER_UNUSED',
        t`${named.key} has no effect: there is no password, so nobody logs in.`,
        named,
      );
    }
    return null;
  }
  reportMissing(user, pass, reader, findings);
  return null;
}

/** The mechanism is that of a token, whichever the server offers; the password is not used. */
function readTokenLogin(
  user: string,
  auth: boolean | null,
  reader: PropertyReader,
  findings: Findings,
): Login | null {
  if (auth === false) {
    findings.error(
      'AUTH_OFF',
      t`${reader.key('auth')}=false says not to log in, and the connector is set to OAuth2. Remove the line, or choose the password.`,
      reader.find('auth'),
    );
    return null;
  }
  if (user === '') {
    findings.error(
      'CREDENTIALS_MISSING',
      t`The username is missing: OAuth2 needs the address of the mailbox.`,
    );
    return null;
  }
  return { user, pass: '', mechanisms: null, token: true };
}

function reportMissing(user: string, pass: string, reader: PropertyReader, findings: Findings): void {
  const place = reader.find('auth');
  const why = place === null ? t`a login needs both` : t`${place.key}=true needs both`;
  const off = `${reader.key('auth')}=false`;
  findings.error(
    'CREDENTIALS_MISSING',
    user === '' && pass === ''
      ? t`Username and password are missing, and ${why}. Fill in the fields of the connector, or write ${off}.`
      : user === ''
        ? t`The username is missing, and ${why}. Fill in the fields of the connector, or write ${off}.`
        : t`The password is missing, and ${why}. Fill in the fields of the connector, or write ${off}.`,
    place,
  );
}

function readMechanisms(reader: PropertyReader, findings: Findings): Mechanism[] | null {
  checkSaslMechanisms(reader, findings);
  const property = reader.find('auth.mechanisms');
  if (property === null) return withoutDisabled(reader, findings);
  if (!property.valid) return null;
  const words = property.value
    .toUpperCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const usable = [...new Set(words.filter(isMechanism))];
  const unusable = words.filter((word) => !isMechanism(word));
  if (usable.length === 0 || property.value.includes(',')) {
    findings.error(
      'MECHANISMS_INVALID',
      t`${property.key} is ${findings.show(property.written)}, with no mechanism that is available${reason(property.value)}.
        Write some of ${MECHANISMS.join(', ')} with spaces between them (no commas), or remove it.`,
      property,
    );
    return null;
  }
  if (unusable.length > 0) {
    findings.warn(
      'MECHANISMS_SKIPPED',
      t`${property.key}: ${findings.show(unusable.join(' '))} is not available and is left out. ${usable.join(' ')} remains.`,
      property,
    );
  }
  return usable;
}

function withoutDisabled(reader: PropertyReader, findings: Findings): Mechanism[] | null {
  const disabled = MECHANISMS.filter(
    (mechanism) => reader.flag(`auth.${mechanism.toLowerCase()}.disable`) === true,
  );
  const xoauth2 = reader.flag('auth.xoauth2.disable') === false;
  if (!xoauth2 && !disabled.some((mechanism) => mechanism !== 'XOAUTH2')) return null;
  const left = JAVA_ORDER.filter(
    (mechanism) => (mechanism !== 'XOAUTH2' || xoauth2) && !disabled.includes(mechanism),
  );
  if (xoauth2 && left[0] !== 'XOAUTH2') {
    findings.warn(
      'XOAUTH2_LAST',
      t`${reader.key('auth.xoauth2.disable')}=false: as in JavaMail, XOAUTH2 is used only when the server offers no mechanism for a password.
        For an access token as the password write ${reader.key('auth.mechanisms')}=XOAUTH2.`,
      reader.find('auth.xoauth2.disable'),
    );
  }
  if (left.every((mechanism) => mechanism === 'CRAM-MD5')) {
    findings.warn(
      'MECHANISMS_FEW',
      t`${reader.key('auth.plain.disable')} and ${reader.key('auth.login.disable')} leave only CRAM-MD5, which few servers offer.`,
      reader.find('auth.plain.disable'),
    );
  }
  return left;
}

/** A list for SASL is not used; one that rules out everything available would be answered with another mechanism. */
function checkSaslMechanisms(reader: PropertyReader, findings: Findings): void {
  const property = reader.text('sasl.mechanisms');
  if (
    property === null ||
    property.value
      .toUpperCase()
      .split(/[\s,]+/)
      .some(isMechanism)
  )
    return;
  findings.error(
    'MECHANISMS_INVALID',
    t`${property.key} is ${findings.show(property.written)}, and none of it is available.
      Remove it; ${MECHANISMS.join(', ')} can be chosen with ${reader.key('auth.mechanisms')}.`,
    property,
  );
}

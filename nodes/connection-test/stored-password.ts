/** When the stored password of a connector may be used to test settings that are not deployed. */
import { t } from '../language/text';
import type { SmtpSettings } from '../properties/settings';
import { MailError } from '../types';

/** What the editor sends for a password that it does not know and that was not changed. */
export const UNCHANGED = '__PWRD__';

/** How well a password is protected on its way. */
const PROTECTION: Record<SmtpSettings['security'], number> = {
  none: 0,
  opportunistic: 1,
  required: 2,
  implicit: 2,
};

/**
 * The stored password, if the unsaved settings take it where the deployed ones do, and no less protected. Else whoever
 * may edit could have it sent to a server of their own. Throws MailError PASSWORD_NEEDED that says what differs.
 */
export function storedPassword(unsaved: SmtpSettings, deployed: SmtpSettings | null): string {
  if (deployed === null || deployed.auth === null) {
    throw needed(t`there is no deployed connector with working settings and a password to compare with`);
  }
  const changes = [
    unsaved.host.toLowerCase() === deployed.host.toLowerCase() ? [] : t`the host`,
    unsaved.port === deployed.port ? [] : t`the port`,
    unsaved.auth?.user === deployed.auth.user ? [] : t`the user`,
    JSON.stringify(unsaved.proxy) === JSON.stringify(deployed.proxy) ? [] : t`the proxy`,
    PROTECTION[unsaved.security] >= PROTECTION[deployed.security] ? [] : t`the encryption`,
    trust(unsaved) >= trust(deployed) ? [] : t`the check of the certificate`,
  ].flat();
  if (changes.length > 0) throw needed(t`${changes.join(', ')} changed since the deploy`);
  return deployed.auth.pass;
}

function trust({ tls }: SmtpSettings): number {
  return tls.rejectUnauthorized ? (tls.checkServerIdentity ? 2 : 1) : 0;
}

function needed(why: string): MailError {
  return new MailError('PASSWORD_NEEDED', t`The stored password is not used for this test: ${why}`, {
    hint: t`Type the password in, or deploy first.`,
  });
}

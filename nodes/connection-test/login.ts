/** The login of a connection test: the exchange of the transport over the dialogue of the test. */
import type {
  SMTPConnectionCustomAuthContext,
  SMTPConnectionCustomAuthHandler,
} from 'nodemailer/lib/smtp-connection';
import { inOrderOf } from '../smtp/login';
import type { Login } from '../properties/read/auth';
import type { SmtpSettings } from '../properties/settings';
import { tokenLogin, type LoginTokens } from '../smtp/token-login';
import type { Capabilities } from './capabilities';
import { failure, type Dialogue, type Reply } from './dialogue';

/** The exchange of the transport: with the password, or with an access token. */
export function exchangeFor(
  { host, port }: SmtpSettings,
  { mechanisms }: Login,
  tokens: LoginTokens | null,
): SMTPConnectionCustomAuthHandler {
  return tokens ? tokenLogin({ host, port, tokens }) : inOrderOf(mechanisms);
}

/** Logs in; gives the server's reply. Fails with EAUTH, and with the failure of the connection when that breaks. */
export async function logIn(
  dialogue: Dialogue,
  { user, pass }: Login,
  exchange: SMTPConnectionCustomAuthHandler,
  capabilities: Capabilities,
  ms: number,
): Promise<Reply> {
  const offered = capabilities.mechanisms;
  let last: Reply | null = null;
  let broken: Error | null = null;
  const context = {
    auth: { credentials: { user, pass, options: { ehlo: capabilities.lines } } },
    authMethods: offered,
    async sendCommand(command: string) {
      try {
        last = await dialogue.ask(command, ms);
      } catch (error) {
        broken = error as Error;
        throw error;
      }
      return { command, response: last.text, status: last.code, text: last.text.replace(/^\d{3}[ -]?/, '') };
    },
  };
  try {
    await exchange(context as unknown as SMTPConnectionCustomAuthContext);
  } catch (error) {
    if (broken !== null) throw broken as Error;
    const { message, cause, challenge } = error as Error & { challenge?: string };
    if (cause instanceof Error) throw cause;
    const response = (last as Reply | null)?.text;
    throw failure(response === undefined ? message : `${message}: ${response}`, {
      code: 'EAUTH',
      command: 'AUTH',
      ...(response === undefined ? {} : { response }),
      ...(challenge === undefined ? {} : { challenge }),
    });
  }
  return last as unknown as Reply;
}

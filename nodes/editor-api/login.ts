/** The login of a connection test: the exchange of the transport over the dialogue of the test. */
import type { SMTPConnectionCustomAuthContext } from 'nodemailer/lib/smtp-connection';
import { inOrderOf } from '../smtp/auth-exchange';
import type { Login, Mechanism } from '../smtp/auth-settings';
import type { Capabilities } from './capabilities';
import { failure, type Dialogue, type Reply } from './dialogue';

/** The order of the transport when the properties name none; PLAIN when the server does not say what it offers. */
const USUAL: readonly Mechanism[] = ['PLAIN', 'LOGIN', 'CRAM-MD5'];

/** Logs in; gives the server's reply. Fails with EAUTH, and with the failure of the connection when that breaks. */
export async function logIn(
  dialogue: Dialogue,
  { user, pass, mechanisms }: Login,
  capabilities: Capabilities,
  ms: number,
): Promise<Reply> {
  const offered = capabilities.mechanisms;
  const usual = USUAL.find((mechanism) => offered.includes(mechanism)) ?? 'PLAIN';
  let last: Reply | null = null;
  let broken: Error | null = null;
  const exchange = inOrderOf(mechanisms ?? [usual]);
  const context = {
    auth: { credentials: { user, pass } },
    authMethods: mechanisms === null ? [usual] : offered,
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
    const { message } = error as Error;
    const response = (last as Reply | null)?.text;
    throw failure(response === undefined ? message : `${message}: ${response}`, {
      code: 'EAUTH',
      command: 'AUTH',
      ...(response === undefined ? {} : { response }),
    });
  }
  return last as unknown as Reply;
}

/** Shows the state of a connector, and changes it. */
import type { Connector, ConnectorStatus } from '../connector/connector';
import { inLanguage } from '../language/language';
import { t } from '../language/text';
import { readFields } from './body';
import { badRequest } from './errors';

type Subject = Pick<Connector, 'status' | 'initError' | 'start' | 'stop'>;

/** The answer to `GET`: in INIT_ERROR the last error is the reason of it. */
export function readState(connector: Subject): ConnectorStatus {
  const status = connector.status();
  const reason = status.state === 'INIT_ERROR' ? connector.initError() : null;
  if (reason === null) return status;
  const { code, message, hint } = reason;
  return { ...status, lastError: { code, message, ...(hint === undefined ? {} : { hint }) } };
}

/**
 * Starts or stops a connector as the body `{"state": "RUN" | "STOPPED"}` says, and answers when that is done (stopping
 * takes less than 9 s). Throws MailError BAD_REQUEST for anything else.
 */
export async function changeState(connector: Subject, body: unknown): Promise<ConnectorStatus> {
  const { state } = readFields(t`The body`, body);
  // What begins here goes on after the request, in the language of the process.
  if (state === 'RUN') await inLanguage(null, () => connector.start());
  else if (state === 'STOPPED') await inLanguage(null, () => connector.stop());
  else throw badRequest('state', state, t`RUN or STOPPED`);
  return readState(connector);
}

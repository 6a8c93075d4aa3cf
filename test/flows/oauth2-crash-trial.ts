/**
 * Ends a Node-RED while its refresh token is exchanged again and again: for each login, because access tokens seem to end at
 * once. The mail server ends each connection after two mails, and a refresh token ends when what was given for it is used.
 */
import { CLIENT_ID, MAILBOX } from '../oauth2/oauth-fixture';
import { replyAndFin } from '../servers/fault-script';
import { startTokenServer } from '../servers/token-server';
import { runTrial, type Verdict } from './crash-trial';

export interface RotationVerdict extends Verdict {
  /** Exchanges of the refresh token, and those that were refused. */
  exchanges: number;
  refused: number;
}

/** One trial; `moment` is where in the stream the process ends, from 0 to 1. */
export async function runRotationTrial(msgs: number, moment: number): Promise<RotationVerdict> {
  const server = await startTokenServer({ rotate: true, toldLife: 0 });
  const first = server.signedIn();
  let refused = 0;
  // Answers take a while, so that the end falls before, into and after an exchange.
  server.script = ({ params, number }) => {
    if (!server.knows(params['refresh_token'] ?? '')) refused += 1;
    return { delay: number % 4 };
  };
  try {
    const verdict = await runTrial({
      msgs,
      signal: 'SIGKILL',
      moment,
      login: {
        connector: {
          authType: 'oauth2',
          oauthClientId: CLIENT_ID,
          oauthTokenUrl: server.tokenUrl,
          // With more, one that ends may be taken for an outage, which costs 15 s.
          connections: 1,
        },
        credentials: { username: MAILBOX, refreshToken: first },
        server: {
          auth: ['XOAUTH2'],
          token: (_, token) => (server.accepts(token) ? null : { status: '401' }),
          script: ({ phase, transaction }) =>
            phase === 'dot' && transaction === 2 ? replyAndFin('250 2.0.0 queued') : undefined,
        },
      },
    });
    return { ...verdict, exchanges: server.requests.items.length, refused };
  } finally {
    await server.close();
  }
}

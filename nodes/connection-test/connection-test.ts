/** Tries out settings of a connector that are not saved yet. */
import { readConnectorFields, type Env } from '../connector/config';
import { t } from '../language/text';
import { parseOne, type Address } from '../mail/recipients/addresses';
import { sentence } from '../properties/summary';
import { classifyFailure, isSubmissionPort, type FailureFacts } from '../failures/classify';
import { createMask, type Mask } from '../properties/mask';
import { readSettings, type SmtpSettings, type TlsMaterial } from '../properties/settings';
import { MailError, type ErrorSummary } from '../types';
import { readFields, readFlag, readSecret, readText } from '../editor-api/body';
import { badRequest } from '../editor-api/errors';
import { probe, type Limits } from './probe';
import { stepNotes, type Step } from './steps';
import { storedPassword, UNCHANGED } from './stored-password';
import { composeTestMail, defaultSender } from './test-mail';
import { replaceWhole } from '../editor-api/variables';

export interface TestAnswer {
  ok: boolean;
  steps: Step[];
  error: ErrorSummary | null;
}

/** What is known of the connector that is deployed under the id. */
export interface Surroundings {
  env: Env;
  /** The settings of the deployed connector with its password; null when it has none that work. */
  deployed: () => SmtpSettings | null;
  /** Whether the deployed connector may send the password in clear text; for a body that does not say. */
  allowInsecureAuth: boolean;
  /** The content of a deployed tls-config node; null without id. Throws a MailError when it can not be used. */
  tlsMaterial: (id: string) => TlsMaterial | null;
}

interface Request {
  title: string;
  properties: string;
  username: string;
  password: string;
  tls: string;
  to: Address | null;
  allowInsecureAuth: boolean;
}

/** 29 s of 30: the rest is for the goodbye. A port that is blocked shows within 10 s; greetings may be late on purpose. */
const LIMITS: Limits = { total: 29_000, connect: 10_000, reply: 20_000 };

/**
 * Makes the test, of which at most `most` run at once; one more throws MailError BUSY. A test connects as the body
 * `{title, properties, username, password, tls, to}` says and logs in; with `to` it sends a real mail. It takes at most
 * 30 s and ends when the signal says so (MailError ABORTED). What is wrong with settings or server is in the answer;
 * MailError BAD_REQUEST is for a body that is none, PASSWORD_NEEDED for a stored password that must not be used.
 */
export function createConnectionTest(most: number, limits = LIMITS) {
  let running = 0;
  return async (body: unknown, around: Surroundings, signal: AbortSignal): Promise<TestAnswer> => {
    const request = readRequest(body, around);
    if (running >= most) {
      throw new MailError('BUSY', t`${most} connection tests are running already`, {
        hint: t`Try again when they are finished.`,
      });
    }
    running += 1;
    try {
      return await runTest(request, around, limits, signal);
    } finally {
      running -= 1;
    }
  };
}

function readRequest(body: unknown, around: Surroundings): Request {
  const fields = readFields(t`The body`, body);
  const to = readText(fields, 'to', '').trim();
  return {
    title: readText(fields, 'title', '')
      .replace(/\p{Cc}+/gu, ' ')
      .trim(),
    properties: readText(fields, 'properties'),
    username: readText(fields, 'username', ''),
    password: readSecret(fields, 'password'),
    tls: readText(fields, 'tls', ''),
    to: to === '' ? null : readRecipient(to),
    allowInsecureAuth: readFlag(fields, 'allowInsecureAuth', around.allowInsecureAuth),
  };
}

function readRecipient(to: string): Address {
  try {
    return parseOne('to', to);
  } catch {
    throw badRequest('to', to, t`one e-mail address`);
  }
}

async function runTest(
  request: Request,
  around: Surroundings,
  limits: Limits,
  signal: AbortSignal,
): Promise<TestAnswer> {
  const steps: Step[] = [];
  let mask: Mask = (text) => text;
  const facts = { dotHandedOver: false, anonymous: true, submission: false };
  try {
    const { settings, username } = readUnsaved(request, around);
    mask = maskOf(settings);
    facts.submission = isSubmissionPort(settings.port);
    const { title, to } = request;
    const from = defaultSender(settings, username);
    const server = sentence(settings);
    const mail =
      to === null
        ? null
        : { to: to.address, content: composeTestMail({ title, server, from, to, now: Date.now() }) };
    await probe({
      settings,
      sender: settings.envelopeFrom ?? from?.address ?? null,
      mail,
      limits,
      signal,
      begin: stepNotes(steps, mask),
      login: (how) => {
        facts.anonymous = how !== 'made';
        facts.submission ||= how === 'offered';
      },
      dotLeaves: () => (facts.dotHandedOver = true),
    });
    return { ok: true, steps, error: null };
  } catch (error) {
    if (error instanceof MailError && ['PASSWORD_NEEDED', 'ABORTED'].includes(error.code)) throw error;
    return { ok: false, steps, error: explain(error, facts, mask) };
  }
}

function readUnsaved(request: Request, around: Surroundings): { settings: SmtpSettings; username: string } {
  const { env } = around;
  const unchanged = request.password === UNCHANGED;
  const { fields, errors } = readConnectorFields(
    { title: request.title, properties: replaceWhole(request.properties, env) },
    {
      username: replaceWhole(request.username, env),
      password: unchanged ? '' : replaceWhole(request.password, env),
    },
    env,
  );
  if (errors[0]) throw errors[0];
  const { settings, errors: findings } = readSettings({
    properties: fields.properties,
    username: fields.username,
    // Stands for the stored one until it is clear that this may be used.
    password: unchanged ? UNCHANGED : fields.password,
    env,
    allowInsecureAuth: request.allowInsecureAuth,
    tlsNode: around.tlsMaterial(request.tls),
  });
  if (settings === null) {
    const text = findings.map(({ line, message }) => (line === null ? message : t`line ${line}: ${message}`));
    throw new MailError('CONFIG', text.join('; '));
  }
  if (unchanged && settings.auth !== null) {
    const pass = storedPassword(settings, around.deployed());
    return { settings: { ...settings, auth: { ...settings.auth, pass } }, username: fields.username };
  }
  return { settings, username: fields.username };
}

function maskOf({ auth, proxy }: SmtpSettings): Mask {
  const masks = [auth, proxy?.auth ?? null].flatMap((login) =>
    login === null ? [] : createMask(login.user, login.pass),
  );
  return (text) => masks.reduce((masked, mask) => mask(masked), text);
}

/** What failed, why, and what to do: as for a mail that can not be sent, without the prospect of another attempt. */
function explain(
  error: unknown,
  facts: Pick<FailureFacts, 'dotHandedOver' | 'anonymous' | 'submission'>,
  mask: Mask,
): ErrorSummary {
  const { rejectedErrors = [] } = (error ?? {}) as { rejectedErrors?: unknown[] };
  for (const told of [error, ...rejectedErrors]) {
    if (!(told instanceof Error)) continue;
    const fields = told as Error & { response?: string };
    fields.message = mask(fields.message);
    if (fields.response !== undefined) fields.response = mask(fields.response);
  }
  const { code, message, hint, responseCode, command } = classifyFailure(error, {
    ...facts,
    reused: false,
    aborted: false,
    once: true,
  }).error;
  const proxy = (error as { code?: string } | null)?.code === 'EPROXY';
  return {
    code: proxy ? 'PROXY' : code,
    message,
    ...(responseCode === undefined ? {} : { responseCode }),
    ...(command === undefined ? {} : { command }),
    ...(hint === undefined ? {} : { hint }),
  };
}

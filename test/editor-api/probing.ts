/** Runs connection tests of the editor against the servers of the tests. */
import assert from 'node:assert/strict';
import {
  createConnectionTest,
  type Surroundings,
  type TestAnswer,
} from '../../nodes/editor-api/connection-test';
import { testAuthority } from '../servers/certificates';

export const USER = 'me@example.com';
export const PASSWORD = 'correct horse-battery';

/** Short, for servers that never answer. */
export const LIMITS = { total: 1_000, connect: 300, reply: 300 };

export const NOTHING_DEPLOYED: Surroundings = {
  env: () => undefined,
  deployed: () => null,
  allowInsecureAuth: false,
  // A connector with a tls-config node that trusts the authority of the tests.
  tlsMaterial: (id) => (id === 'authority' ? { ca: testAuthority } : null),
};

export interface Trial {
  server: { host: string; port: number };
  /** More lines of properties. */
  properties?: string[];
  body?: Record<string, unknown>;
  around?: Partial<Surroundings>;
  limits?: typeof LIMITS;
}

/** The body of a test with a login. */
export function bodyFor({ server, properties = [], body }: Trial): Record<string, unknown> {
  const lines = [`mail.smtp.host=${server.host}`, `mail.smtp.port=${server.port}`, ...properties];
  return {
    title: 'Plant',
    properties: lines.join('\n'),
    username: USER,
    password: PASSWORD,
    tls: 'authority',
    to: '',
    ...body,
  };
}

/** Runs one test. */
export function runTrial(trial: Trial, signal = new AbortController().signal): Promise<TestAnswer> {
  const test = createConnectionTest(1, trial.limits ?? { total: 10_000, connect: 5_000, reply: 5_000 });
  return test(bodyFor(trial), { ...NOTHING_DEPLOYED, ...trial.around }, signal);
}

export function stepsOf({ steps }: TestAnswer): string[] {
  return steps.map(({ step, ok }) => (ok ? step : `${step} failed`));
}

export function detailOf({ steps }: TestAnswer, name: string): string {
  return steps.find(({ step }) => step === name)?.detail ?? '';
}

/** Checks that a test failed at a step, why, and what it advises. */
export function assertFailed(answer: TestAnswer, step: string, code: string, hint: RegExp): void {
  assert.equal(answer.ok, false);
  assert.equal(stepsOf(answer).at(-1), `${step} failed`);
  assert.equal(answer.error?.code, code, answer.error?.message);
  assert.match(answer.error?.hint ?? '', hint);
}

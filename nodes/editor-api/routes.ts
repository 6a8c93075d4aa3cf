/** The HTTP routes of the editor: paths, permissions and answers. What they do is in the files beside. */
import type { NodeAPI } from 'node-red';
import type { Connector } from '../connector/connector';
import { inLanguage, matchLanguage } from '../language/language';
import { t } from '../language/text';
import { MailError } from '../types';
import { limitBody } from './body';
import { check } from './check';
import { createConnectionTest } from '../connection-test/connection-test';
import { aroundConnector, aroundSendEmail, environmentOf, findConnector, findSendEmail } from './deployed';
import { errorAnswer, notFound } from './errors';
import { preview } from './preview';
import { changeState, readState } from './state';

/** Of an Express request and response, what is used here. */
interface Request {
  params: { [name: string]: string | string[] };
  body: unknown;
  headers: { 'accept-language'?: string };
  is(type: string): string | false | null;
}
interface Response {
  status(code: number): { json(body: unknown): unknown };
  writableEnded: boolean;
  on(event: 'close', listener: () => void): unknown;
}

interface Route {
  method: 'get' | 'post';
  path: string;
  permission: string;
  /** The answer; what it throws becomes the error that is answered. */
  act: (id: string, body: unknown, signal: AbortSignal, may: Permissions) => unknown;
}

/** Tells whether who asks has a permission besides that of the route. */
type Permissions = (permission: string) => Promise<boolean>;

/** Bytes of a body. */
const LARGEST_BODY = 1_048_576;

/** Connection tests at once in this process: each holds a socket for up to 30 s. */
const MOST_TESTS = 2;

/** Registers the routes of the config node; to be called once for each load of it. */
export function connectorRoutes(RED: NodeAPI): void {
  const test = createConnectionTest(MOST_TESTS);
  const read = 'email-server-connector.read';
  const write = 'email-server-connector.write';
  register(RED, [
    {
      method: 'get',
      path: '/email-server-connector/:id',
      permission: read,
      act: (id) => readState(running(RED, id)),
    },
    {
      method: 'post',
      path: '/email-server-connector/check',
      permission: read,
      act: (_, body) => check(body, environmentOf(RED, idIn(body))),
    },
    {
      method: 'post',
      path: '/email-server-connector/:id/state',
      permission: write,
      act: (id, body) => changeState(running(RED, id), body),
    },
    {
      method: 'post',
      path: '/email-server-connector/:id/test',
      permission: write,
      act: (id, body, signal) => test(body, aroundConnector(RED, id), signal),
    },
  ]);
}

/** Registers the routes of the flow node; to be called once for each load of it. */
export function sendEmailRoutes(RED: NodeAPI): void {
  const read = 'send-email.read';
  register(RED, [
    {
      method: 'post',
      path: '/send-email/preview',
      permission: read,
      act: (_, body, _signal, may) =>
        preview(body, (node) => aroundSendEmail(RED, node, () => may('send-email.write'))),
    },
    {
      method: 'get',
      path: '/send-email/:id/samples',
      permission: read,
      act(id) {
        const node = findSendEmail(RED, id);
        if (node === null) throw notFound('send-email', id);
        return { keepSamples: node.samples !== null, messages: node.samples?.list() ?? [] };
      },
    },
  ]);
}

function register(RED: NodeAPI, routes: Route[]): void {
  for (const { method, path, permission, act } of routes) {
    RED.httpAdmin[method](
      path,
      RED.auth.needsPermission(permission),
      (request: Request, response: Response) => {
        const may: Permissions = (permission) => hasPermission(RED, request, permission);
        const log = (error: Error) => RED.log.error(`${path}: ${error.stack}`);
        const language = matchLanguage(request.headers['accept-language']);
        void inLanguage(language, () =>
          answer(request, response, method, (...asked) => act(...asked, may), log),
        );
      },
    );
  }
}

async function answer(
  request: Request,
  response: Response,
  method: Route['method'],
  act: (id: string, body: unknown, signal: AbortSignal) => unknown,
  log: (error: Error) => void,
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => {
    if (!response.writableEnded) gone.abort();
  });
  try {
    // Other bodies can come from the page of a stranger without the browser asking first.
    if (method === 'post' && !request.is('json')) {
      throw new MailError('NOT_JSON', t`The body must be JSON, with the content type application/json`);
    }
    limitBody(request.body, LARGEST_BODY);
    response.status(200).json(await act(String(request.params.id ?? ''), request.body, gone.signal));
  } catch (error) {
    const { status, body } = errorAnswer(error);
    if (status === 500) log(error as Error);
    if (!gone.signal.aborted) response.status(status).json(body);
  }
}

/** Only the guard that Node-RED makes for a route knows this: it goes on, or ends the response. */
function hasPermission(RED: NodeAPI, request: Request, permission: string): Promise<boolean> {
  return new Promise((resolve) => {
    const refused = { status: () => refused, setHeader: () => refused, end: () => resolve(false) };
    const guard = RED.auth.needsPermission(permission) as (...args: unknown[]) => void;
    guard(request, refused, () => resolve(true));
  });
}

function running(RED: NodeAPI, id: string): Connector {
  const node = findConnector(RED, id);
  if (node === null) throw notFound('email-server-connector', id);
  return node.deployed.connector;
}

/** The node that a text is for, when the body tells it: its flow may have variables of its own. */
function idIn(body: unknown): string {
  const { id } = (body ?? {}) as { id?: unknown };
  return typeof id === 'string' ? id : '';
}

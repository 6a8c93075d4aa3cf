/** What the routes need to know of the nodes that run. */
import type { Node, NodeAPI } from 'node-red';
import { readConnectorFields, type ConnectorFields, type Env } from '../connector/config';
import { tokenAccounts } from '../connector/process-wide';
import type { Vault } from '../connector/tokens';
import { t } from '../language/text';
import { readConfig } from '../mail/config';
import { compileMessage } from '../mail/message';
import type { Externals } from '../mail/template/scope';
import { typedSources, type TypedField, type TypedSource } from '../mail/typed-fields';
import { readOAuth } from '../oauth2/settings';
import { contextValues, createFieldReader, type FieldReader } from '../sender/field-values';
import { readSettings, type SmtpSettings, type TlsMaterial } from '../properties/settings';
import { findNode, tlsMaterial } from '../node-red/deploy';
import type { ConnectorNode, SendEmailNode } from '../node-red/nodes';
import { contextSources, environment, fieldEvaluator } from '../node-red/values';
import { credentialVault } from '../node-red/vault';
import { MailError } from '../types';
import type { Fields } from './body';
import type { Surroundings } from '../connection-test/connection-test';
import type { PreviewSurroundings } from './preview';
import { replaceWhole } from './variables';

/** The longest that the expressions of one preview may take together, ms. */
const LONGEST_COMPUTATION = 1_000;

/** Stands for a node that is not deployed: it has no context. */
const NO_CONTEXT = { get: (_key: string, _store: unknown, done: (error: null) => void) => done(null) };
const NOBODY = { context: () => ({ flow: NO_CONTEXT, global: NO_CONTEXT }) } as unknown as Node;

/** The connector that runs under an id, or null. */
export function findConnector(RED: NodeAPI, id: string): ConnectorNode | null {
  return findNode(RED, id, 'email-server-connector') as ConnectorNode | null;
}

/** The send-email node that runs under an id, or null. */
export function findSendEmail(RED: NodeAPI, id: string): SendEmailNode | null {
  return findNode(RED, id, 'send-email') as SendEmailNode | null;
}

/**
 * The environment as a node sees it, or as nodes outside all flows do when there is no such node. An empty value is as
 * good as none.
 */
export function environmentOf(RED: NodeAPI, id: string): Env {
  return environment(RED, RED.nodes.getNode(id) ?? nodeOutsideFlows(RED));
}

/** What a test of unsaved settings needs of the connector that is deployed under the same id. */
export function aroundConnector(RED: NodeAPI, id: string): Surroundings {
  const env = environmentOf(RED, id);
  const node = findConnector(RED, id);
  const def = definitionOf(RED, id, 'email-server-connector');
  const fieldsOf = (properties: unknown) =>
    readConnectorFields(
      { ...def, properties: typeof properties === 'string' ? replaceWhole(properties, env) : undefined },
      node?.credentials ?? {},
      env,
    );
  const material = (tls: string) => tlsMaterial(RED, tls);
  return {
    env,
    deployed: () => {
      if (!node || !def) return null;
      const { fields, errors } = fieldsOf(def.properties);
      return errors.length > 0 ? null : settingsOf(fields, env, material, def.tls);
    },
    allowInsecureAuth: def ? fieldsOf(undefined).fields.allowInsecureAuth : false,
    deployedLogin: () => {
      const login = deployedFields(RED, id);
      return login && { fields: login.fields.oauth, urls: login.urls };
    },
    tokens: (account) => tokenAccounts.forTest(id, vaultOf(RED), account),
    tlsMaterial: material,
  };
}

/** Where what a sign-in or a test gives is kept. */
export function vaultOf(RED: NodeAPI): Vault {
  return credentialVault(RED, (text) => RED.log.warn(`[email-server-connector] ${text}`));
}

/** The fields of the connector that is deployed under an id, with its credentials, and the endpoints that it uses; or null. */
export function deployedFields(RED: NodeAPI, id: string): { fields: ConnectorFields; urls: string[] } | null {
  const node = findConnector(RED, id);
  const def = definitionOf(RED, id, 'email-server-connector');
  if (!node || !def) return null;
  const { fields } = readConnectorFields(def, node.credentials ?? {}, environmentOf(RED, id));
  const { tokenUrl, deviceUrl } = readOAuth(fields.oauth, fields.username).settings;
  return { fields, urls: [tokenUrl, deviceUrl] };
}

/**
 * What a preview needs of the send-email node that is deployed under the same id, and of its connector. `mayChange` tells
 * whether who asks may change flows.
 */
export function aroundSendEmail(
  RED: NodeAPI,
  { id, server }: Fields,
  mayChange: () => Promise<boolean>,
): PreviewSurroundings {
  const node = typeof id === 'string' ? findSendEmail(RED, id) : null;
  const connector = typeof server === 'string' ? findConnector(RED, server)?.deployed : null;
  return {
    connector: connector
      ? { title: connector.title, ...connector.sender() }
      : { title: '', mailFrom: null, username: '' },
    externals: (names) => (node ? externalsOf(RED, node, names) : Promise.resolve({})),
    fields: (typed) => fieldsOf(RED, node, typed, mayChange),
    now: Date.now(),
  };
}

function externalsOf(RED: NodeAPI, node: Node, names: readonly string[]): Promise<Externals> {
  // Variables only if the deployed node shows them: who may look at flows may not look at the environment.
  const deployed = compileMessage(readConfig(definitionOf(RED, node.id, 'send-email') ?? {}).config).message;
  const allowed = names.filter((name) => !name.startsWith('env.') || deployed?.externals.includes(name));
  return contextValues(allowed, contextSources(RED, node));
}

async function fieldsOf(
  RED: NodeAPI,
  node: Node | null,
  typed: ReadonlyMap<TypedField, TypedSource>,
  mayChange: () => Promise<boolean>,
): Promise<FieldReader> {
  const def = node && definitionOf(RED, node.id, 'send-email');
  const deployed = typedSources(readConfig(def ?? {}).config);
  const isDeployed = ({ field, type, value }: TypedSource) =>
    deployed.get(field)?.type === type && deployed.get(field)?.value === value;
  const own = [...typed.values()].filter((source) => source.type === 'jsonata' && !isDeployed(source));
  const mayCompute = own.length === 0 || (await mayChange());
  const evaluate = fieldEvaluator(RED, node ?? NOBODY, Date.now() + LONGEST_COMPUTATION);
  const never = (reason: string) => () => Promise.reject(new Error(reason));
  return createFieldReader(typed, (source) => {
    const checked = evaluate(source);
    const { type } = source;
    // As for variables in templates.
    if (type === 'env' && !isDeployed(source))
      return never(t`the preview shows it when the node is deployed with it`);
    if ((type === 'flow' || type === 'global') && !node) return never(t`the node is not deployed`);
    // Whoever may only look at flows can have nothing computed here that nobody deployed.
    if (type === 'jsonata' && !mayCompute && !isDeployed(source)) {
      return never(t`without the permission to change flows, it is tried only when it is deployed`);
    }
    return checked;
  });
}

function settingsOf(
  fields: ReturnType<typeof readConnectorFields>['fields'],
  env: Env,
  material: (tls: string) => TlsMaterial | null,
  tls: unknown,
): SmtpSettings | null {
  try {
    return readSettings({
      properties: fields.properties,
      username: fields.username,
      password: fields.password,
      oauth2: fields.authType === 'oauth2',
      env,
      allowInsecureAuth: fields.allowInsecureAuth,
      tlsNode: material(typeof tls === 'string' ? tls : ''),
    }).settings;
  } catch (error) {
    if (error instanceof MailError) return null;
    throw error;
  }
}

/** A node as the flow file has it. */
function definitionOf(RED: NodeAPI, id: string, type: string): Fields | null {
  let found: Fields | null = null;
  RED.nodes.eachNode((def) => {
    if (def.id === id && def.type === type) found = def as unknown as Fields;
  });
  return found;
}

/** The node that holds the global variables, when there are any. */
function nodeOutsideFlows(RED: NodeAPI): Node | null {
  let id = '';
  RED.nodes.eachNode((def) => {
    if (def.type === 'global-config') id = def.id;
  });
  return id === '' ? null : RED.nodes.getNode(id);
}

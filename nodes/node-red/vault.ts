/** Where, and with which secret, Node-RED keeps credentials. */
import type { NodeAPI } from 'node-red';
import type { Vault } from '../connector/tokens';

/** For what must be as safe as credentials are. */
export function credentialVault(RED: NodeAPI, warn: Vault['warn']): Vault {
  const setting = (name: string): unknown => {
    try {
      return RED.settings.get(name) as unknown;
    } catch {
      // Not there yet, or a Node-RED without a storage, as in tests of nodes.
      return undefined;
    }
  };
  return {
    userDir: RED.settings.userDir ?? '',
    secret: secretOf(setting),
    warn,
  };
}

/** As Node-RED chooses it: that of the active project, that of settings.js, or the generated one. */
function secretOf(setting: (name: string) => unknown): string | null {
  const theme = setting('editorTheme') as { projects?: { enabled?: boolean } } | undefined;
  const { activeProject, projects } = (setting('projects') ?? {}) as {
    activeProject?: string;
    projects?: Record<string, { credentialSecret?: string } | undefined>;
  };
  if (theme?.projects?.enabled && activeProject) return projects?.[activeProject]?.credentialSecret || null;
  const own = setting('credentialSecret');
  const secret = own === undefined ? setting('_credentialSecret') : own;
  return typeof secret === 'string' && secret !== '' ? secret : null;
}

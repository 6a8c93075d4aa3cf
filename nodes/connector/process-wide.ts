/**
 * What outlives the nodes: a deploy makes new node objects for the same connectors and send-email nodes, and the mails that
 * wait must find them. The only state of the package that belongs to the process.
 */
import { createListeners } from './listeners';
import { createOutboxes } from './outboxes';
import { createTokenAccounts } from './tokens';

export const listeners = createListeners();

export const outboxes = createOutboxes(listeners);

export const tokenAccounts = createTokenAccounts();

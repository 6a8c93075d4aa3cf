import { connectionTest } from './connector/connection-test';
import { showState } from './connector/connector-state';
import { check, textOf } from './form/locale';
import { oauthLogin } from './connector/oauth-login';
import { openPropertiesEditor, type PropertiesEditor } from './connector/properties-editor';
import { GMAIL } from './connector/providers';
import { decimalNumber, filled, wholeNumber } from './form/rules';
import { makeTabs } from './send-email/tabs';

const TYPE = 'email-server-connector';
const text = textOf(TYPE);

interface Connector {
  title: string;
  properties: string;
  autostart: boolean;
  connections: number | string;
  rateLimit: number | string;
  ratePeriod: 'second' | 'minute' | 'hour' | 'day';
  outbox: 'disk' | 'memory';
  outboxLimit: number | string;
  retryHours: number | string;
  allowInsecureAuth: boolean;
  allowedRecipients: string;
  redirectTo: string;
  tls: string;
  authType: 'password' | 'oauth2';
  oauthProvider: 'microsoft' | 'google' | 'other';
  oauthGrant: 'authorization_code' | 'client_credentials' | 'service_account';
  oauthTenant: string;
  oauthClientId: string;
  oauthScope: string;
  oauthAuthUrl: string;
  oauthTokenUrl: string;
  oauthDeviceUrl: string;
}

let properties: PropertiesEditor | undefined;
/** Ends everything that the open dialog does in the background. */
let closing: AbortController | undefined;

function closeDialog(): void {
  closing?.abort();
  closing = undefined;
  properties?.close();
  properties = undefined;
}

RED.nodes.registerType<Connector>('email-server-connector', {
  category: 'config',
  defaults: {
    title: { value: '', required: true, label: text('label.title'), validate: check(TYPE, filled) },
    properties: {
      value: GMAIL,
      required: true,
      label: text('label.properties'),
      validate: check(TYPE, filled),
    },
    autostart: { value: true },
    connections: { value: 2, label: text('label.connections'), validate: check(TYPE, wholeNumber(1, 10)) },
    rateLimit: { value: 0, label: text('label.rateLimit'), validate: check(TYPE, wholeNumber(0, 100000)) },
    ratePeriod: { value: 'minute' },
    outbox: { value: 'disk' },
    outboxLimit: {
      value: 10000,
      label: text('label.outboxLimit'),
      validate: check(TYPE, wholeNumber(1, 1000000)),
    },
    retryHours: {
      value: 24,
      label: text('label.retryHours'),
      validate: check(TYPE, decimalNumber(0, 720)),
    },
    allowInsecureAuth: { value: false },
    allowedRecipients: { value: '' },
    redirectTo: { value: '' },
    authType: { value: 'password' },
    oauthProvider: { value: 'microsoft' },
    oauthGrant: { value: 'authorization_code' },
    oauthTenant: { value: '' },
    oauthClientId: { value: '' },
    oauthScope: { value: '' },
    oauthAuthUrl: { value: '' },
    oauthTokenUrl: { value: '' },
    oauthDeviceUrl: { value: '' },
    tls: { value: '', type: 'tls-config', required: false, label: text('label.tls') },
  },
  credentials: {
    username: { type: 'text' },
    password: { type: 'password' },
    clientSecret: { type: 'password' },
    refreshToken: { type: 'password' },
    serviceAccountKey: { type: 'password' },
  },
  label() {
    return this.title || TYPE;
  },
  oneditprepare() {
    const closed = new AbortController();
    closing = closed;
    // For a new config node the editor leaves out defaults that are 0.
    const rateLimit = $('#node-config-input-rateLimit');
    if (rateLimit.val() === '') rateLimit.val('0');
    const panes = [
      { id: 'esc-pane-account', label: text('section.account') },
      { id: 'esc-pane-sending', label: text('section.sending') },
    ];
    makeTabs('esc-tabs', panes, () => properties?.resize());
    const editor = openPropertiesEditor(this.id);
    properties = editor;
    oauthLogin(this.id, () => editor.value(), closed.signal);
    connectionTest(this.id, () => editor.value(), closed.signal);
    showState(this.id, closed.signal);
  },
  oneditsave() {
    if (properties) $('#node-config-input-properties').val(properties.value());
    closeDialog();
  },
  oneditcancel() {
    closeDialog();
  },
  oneditdelete() {
    closeDialog();
  },
  oneditresize() {
    properties?.resize();
  },
});

import { check, textOf } from './locale';
import { decimalNumber, filled, wholeNumber } from './rules';

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
  tls: string;
}

// Gmail, because a new user can try it with nothing but an app password.
const GMAIL = `mail.smtp.host=smtp.gmail.com
mail.smtp.port=465
mail.smtp.auth=true
mail.smtp.ssl.enable=true
mail.debug=false`;

let properties: CodeEditor | undefined;

function closeEditor(): void {
  properties?.destroy();
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
    tls: { value: '', type: 'tls-config', required: false, label: text('label.tls') },
  },
  credentials: {
    username: { type: 'text' },
    password: { type: 'password' },
  },
  label() {
    return this.title || TYPE;
  },
  oneditprepare() {
    // For a new config node the editor leaves out defaults that are 0.
    const rateLimit = $('#node-config-input-rateLimit');
    if (rateLimit.val() === '') rateLimit.val('0');
    properties = RED.editor.createEditor({
      id: 'node-config-input-properties-editor',
      // The two code editors of Node-RED know this format by different names.
      mode: RED.editor.codeEditor.editor?.type === 'ace' ? 'ace/mode/properties' : 'ace/mode/ini',
      value: String($('#node-config-input-properties').val() ?? ''),
      stateId: false,
      minimap: { enabled: false },
    });
  },
  oneditsave() {
    if (properties) $('#node-config-input-properties').val(properties.getValue());
    closeEditor();
  },
  oneditcancel() {
    closeEditor();
  },
  oneditresize() {
    properties?.resize();
  },
});

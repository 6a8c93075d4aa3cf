import { check, textOf, verdict } from './form/locale';
import { decimalNumber, filled, timeZone, wholeNumber } from './form/rules';
import { shownField, typedFault, type FieldType, type TypedField } from './form/typed-fields';
import { closeDialog, isOpen, openDialog, resizeDialog, saveDialog } from './send-email/dialog';

const TYPE = 'send-email';
const text = textOf(TYPE);

const DEFAULT_TEMPLATE = '{{index}}: {{event}}<br>{{error}}<hr>';

interface SendEmail {
  name: string;
  server: string;
  from: string;
  fromType: FieldType;
  to: string;
  toType: FieldType;
  cc: string;
  ccType: FieldType;
  bcc: string;
  bccType: FieldType;
  replyTo: string;
  replyToType: FieldType;
  subject: string;
  subjectType: FieldType;
  template: string;
  format: 'html' | 'text';
  batchSize: number | string;
  batchTimeout: number | string;
  batchBy: string;
  batchByType: FieldType;
  attach: boolean | 'true' | 'false' | 'buffers';
  attachProperty: string;
  attachFolder: string;
  attachMaxMb: number | string;
  priority: 'high' | 'normal' | 'low';
  timeZone: string;
  control: boolean;
  keepSamples: boolean;
}

/** What is attached: as the open dialog says, else as the node does. */
function attached(node: EditorNode<SendEmail>): string {
  return String(isOpen(node.id) ? $('#node-input-attach').val() : node.attach);
}

/** A field that is a template or names a value: Node-RED's own rules say what names one. */
function typed(field: TypedField, value = ''): FieldDefinition<SendEmail> {
  const label = text(`label.${field}`);
  return {
    value,
    label,
    validate(current, options) {
      const type = isOpen(this.id)
        ? ($(`#node-input-${field}Type`).val() as FieldType)
        : this[`${field}Type`];
      const fault = typedFault(typeof current === 'string' ? current : '', type, (name, as) =>
        RED.utils.validateTypedProperty(name, as, {}),
      );
      if (!fault) return true;
      const reason = 'key' in fault ? text(`validate.${fault.key}`) : fault.reason;
      return options.label ? `${options.label}: ${reason}` : reason;
    },
  };
}

RED.nodes.registerType<SendEmail>('send-email', {
  category: 'network',
  color: '#c7e9c0',
  icon: 'send-email.svg',
  defaults: {
    name: { value: '' },
    server: { value: '', type: 'email-server-connector', required: true, label: text('label.server') },
    from: typed('from'),
    fromType: { value: 'str' },
    to: typed('to'),
    toType: { value: 'str' },
    cc: typed('cc'),
    ccType: { value: 'str' },
    bcc: typed('bcc'),
    bccType: { value: 'str' },
    replyTo: typed('replyTo'),
    replyToType: { value: 'str' },
    subject: typed('subject', '{{topic}}'),
    subjectType: { value: 'str' },
    template: { value: DEFAULT_TEMPLATE },
    format: { value: 'html' },
    batchSize: { value: 1, label: text('label.batchSize'), validate: check(TYPE, wholeNumber(1, 1000)) },
    batchTimeout: {
      value: 10,
      label: text('label.batchTimeout'),
      validate: check(TYPE, wholeNumber(1, 86400)),
    },
    batchBy: typed('batchBy'),
    batchByType: { value: 'str' },
    attach: { value: false },
    attachProperty: {
      value: 'payload',
      label: text('label.attachProperty'),
      validate(value, options) {
        if (attached(this) === 'false') return true;
        const valid = typeof value === 'string' && RED.utils.validatePropertyExpression(value) === true;
        return verdict(TYPE, filled(value) ?? (valid ? undefined : { key: 'property' }), options);
      },
    },
    attachFolder: {
      value: '',
      label: text('label.attachFolder'),
      validate(value, options) {
        return verdict(TYPE, attached(this) === 'true' ? filled(value) : undefined, options);
      },
    },
    attachMaxMb: {
      value: 10,
      label: text('label.attachMaxMb'),
      validate: check(TYPE, decimalNumber(0.1, 100)),
    },
    priority: { value: 'normal' },
    timeZone: { value: '', label: text('label.timeZone'), validate: check(TYPE, timeZone) },
    control: { value: true },
    keepSamples: { value: false },
  },
  inputs: 1,
  outputs: 2,
  paletteLabel: 'send email',
  inputLabels() {
    return text('port.input');
  },
  outputLabels(index) {
    return text(index === 0 ? 'port.sent' : 'port.failed');
  },
  label() {
    return this.name || shownField(this.to, this.toType) || TYPE;
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  oneditprepare() {
    openDialog(this, DEFAULT_TEMPLATE);
  },
  oneditsave: saveDialog,
  oneditcancel: closeDialog,
  oneditresize: resizeDialog,
});

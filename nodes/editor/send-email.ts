import { adviceFor } from './connector/advice';
import { openCodeEditor } from './form/code-editor';
import { showMarks } from './form/code-marks';
import type { FieldNotes } from './form/field-notes';
import { marksOf, type Mark } from './connector/findings';
import { readForm } from './form/form';
import { check, textOf, verdict } from './form/locale';
import { formNotes, previewPane, type Form, type Preview } from './send-email/preview';
import type { PreviewProblem } from './send-email/preview-problems';
import { decimalNumber, filled, timeZone, wholeNumber } from './form/rules';
import { templateChoice } from './send-email/template-choice';
import { shownField, typedFault, type FieldType, type TypedField } from './form/typed-fields';
import { typedInputs } from './form/typed-inputs';

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

let template: CodeEditor | undefined;
let preview: Preview | undefined;
/** Id of the node whose dialog is open: only that node is validated by what the form holds. */
let edited: string | undefined;

function closeDialog(): void {
  preview?.close();
  preview = undefined;
  template?.destroy();
  template = undefined;
  edited = undefined;
}

/** What is attached: as the open dialog says, else as the node does. */
function attached(node: EditorNode<SendEmail>): string {
  return String(node.id === edited ? $('#node-input-attach').val() : node.attach);
}

/** A field that is a template or names a value: Node-RED's own rules say what names one. */
function typed(field: TypedField, value = ''): FieldDefinition<SendEmail> {
  const label = text(`label.${field}`);
  return {
    value,
    label,
    validate(current, options) {
      const type =
        this.id === edited ? ($(`#node-input-${field}Type`).val() as FieldType) : this[`${field}Type`];
      const fault = typedFault(typeof current === 'string' ? current : '', type, (name, as) =>
        RED.utils.validateTypedProperty(name, as, {}),
      );
      if (!fault) return true;
      const reason = 'key' in fault ? text(`validate.${fault.key}`) : fault.reason;
      return options.label ? `${options.label}: ${reason}` : reason;
    },
  };
}

function showBatchRows(): void {
  const size = String($('#node-input-batchSize').val() ?? '').trim();
  // A wait that is wrong keeps the node from starting, so it must be seen.
  $('.send-email-batch').toggle(size !== '1' || $('#node-input-batchTimeout').hasClass('input-error'));
}

function showAttachRows(): void {
  const attach = $('#node-input-attach').val();
  $('.send-email-attach').toggle(attach !== 'false');
  $('.send-email-folder').toggle(attach === 'true');
  // Whether these two are required hangs on the choice.
  $('#node-input-attachProperty, #node-input-attachFolder').trigger('change');
}

/** Shows what follows from the fields together. */
function showAdvice(id: string, notes: FieldNotes): void {
  const advice = adviceFor(readForm(id, template?.getValue() ?? ''));
  notes.show('advice', new Map(advice.map(({ field, key }) => [field, [text(`advice.${key}`)]])));
}

function marksOfProblems(value: string, problems: readonly PreviewProblem[]): Mark[] {
  const lines = problems.map(({ line = null, code, message }) => ({ line, key: null, code, message }));
  return marksOf(value, 'error', lines);
}

function formatOfForm(): 'html' | 'text' {
  return $('#node-input-format').val() === 'text' ? 'text' : 'html';
}

function expandTemplate(): void {
  RED.editor.editText({
    mode: formatOfForm(),
    value: template?.getValue() ?? '',
    width: 'Infinity',
    focus: true,
    complete(value) {
      template?.setValue(value, -1);
      // The tray above is still closing and would take the focus away.
      setTimeout(() => template?.focus(), 250);
    },
  });
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
    edited = this.id;
    template = openCodeEditor(
      'node-input-template-editor',
      `ace/mode/${this.format === 'text' ? 'text' : 'html'}`,
      String($('#node-input-template').val() ?? ''),
      text('label.template'),
    );
    // Its label is that of a field which nobody sees.
    $('label[for=node-input-template]').on('click', () => template?.focus());
    typedInputs(text);
    $('#node-input-format').on('change', () => template?.getSession().setMode(`ace/mode/${formatOfForm()}`));
    $('#node-input-batchSize').on('input change', showBatchRows);
    // A flow of before has true or false here, which a list does not find among its texts.
    $('#node-input-attach')
      .val(String(this.attach ?? false))
      .on('change', showAttachRows);
    // A node of before has no such field, and obeys.
    if ((this.control as boolean | undefined) === undefined) $('#node-input-control').prop('checked', true);
    const expand = $('#send-email-expand');
    const expandLabel = RED._('node-red:common.label.expand');
    RED.popover.tooltip(expand, expandLabel);
    expand.attr('aria-label', expandLabel);
    expand.on('click', expandTemplate);
    templateChoice(template, DEFAULT_TEMPLATE, text);
    showBatchRows();
    showAttachRows();

    const notes = formNotes();
    const form: Form = {
      id: this.id,
      read: () => ({ ...readForm(this.id, template?.getValue() ?? '') }),
      mark: (problems) => template && showMarks(template, marksOfProblems(template.getValue(), problems)),
    };
    const pane = previewPane(form, notes);
    preview = pane;
    const changed = () => {
      showAdvice(this.id, notes);
      pane.changed();
    };
    template.on('change', changed);
    $('.send-email-form').on('input change', 'input, select', changed);
    showAdvice(this.id, notes);
  },
  oneditsave() {
    if (template) $('#node-input-template').val(template.getValue());
    closeDialog();
  },
  oneditcancel() {
    closeDialog();
  },
  oneditresize() {
    template?.resize();
    preview?.resize();
  },
});

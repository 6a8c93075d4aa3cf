/** The open dialog of a send-email node: its template editor, the rows that follow from a choice, advice and preview. */
import { adviceFor } from '../connector/advice';
import { marksOf, type Mark } from '../connector/findings';
import { openCodeEditor } from '../form/code-editor';
import { showMarks } from '../form/code-marks';
import type { FieldNotes } from '../form/field-notes';
import { readForm } from '../form/form';
import { textOf } from '../form/locale';
import { typedInputs } from '../form/typed-inputs';
import { formNotes, previewPane, type Form, type Preview } from './preview';
import type { PreviewProblem } from './preview-problems';
import { templateChoice } from './template-choice';

const text = textOf('send-email');

/** What the dialog needs of its node. */
export interface EditedNode {
  id: string;
  format: string;
  attach: boolean | string;
  control: boolean;
}

let template: CodeEditor | undefined;
let preview: Preview | undefined;
/** Id of the node whose dialog is open. */
let edited: string | undefined;

/** Whether the dialog of this node is open: only that node is validated by what the form holds. */
export function isOpen(id: string): boolean {
  return id === edited;
}

/** Fills in the form of a node, and follows what is typed into it until the dialog is closed. */
export function openDialog(node: EditedNode, defaultTemplate: string): void {
  edited = node.id;
  template = openCodeEditor(
    'node-input-template-editor',
    `ace/mode/${node.format === 'text' ? 'text' : 'html'}`,
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
    .val(String(node.attach ?? false))
    .on('change', showAttachRows);
  // A node of before has no such field, and obeys.
  if ((node.control as boolean | undefined) === undefined) $('#node-input-control').prop('checked', true);
  offerExpansion();
  templateChoice(template, defaultTemplate, text);
  showBatchRows();
  showAttachRows();
  followForm(node.id, template);
}

/** Takes the template over into its field, which Node-RED reads, and closes the dialog. */
export function saveDialog(): void {
  if (template) $('#node-input-template').val(template.getValue());
  closeDialog();
}

export function closeDialog(): void {
  preview?.close();
  preview = undefined;
  template?.destroy();
  template = undefined;
  edited = undefined;
}

export function resizeDialog(): void {
  template?.resize();
  preview?.resize();
}

/** Keeps advice and preview up to date with the form. */
function followForm(id: string, editor: CodeEditor): void {
  const notes = formNotes();
  const form: Form = {
    id,
    read: () => ({ ...readForm(id, template?.getValue() ?? '') }),
    mark: (problems) => template && showMarks(template, marksOfProblems(template.getValue(), problems)),
  };
  const pane = previewPane(form, notes);
  preview = pane;
  const changed = () => {
    showAdvice(id, notes);
    pane.changed();
  };
  editor.on('change', changed);
  $('.send-email-form').on('input change', 'input, select', changed);
  showAdvice(id, notes);
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

/** The button beside the template that gives it the whole window. */
function offerExpansion(): void {
  const expand = $('#send-email-expand');
  const label = RED._('node-red:common.label.expand');
  RED.popover.tooltip(expand, label);
  expand.attr('aria-label', label);
  expand.on('click', expandTemplate);
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

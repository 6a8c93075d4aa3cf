import { request } from '../api';
import { openCodeEditor } from '../form/code-editor';
import { showMarks } from '../form/code-marks';
import { marksOf, type Finding, type Severity } from './findings';
import { latest } from '../form/latest';
import { textOf } from '../form/locale';
import { providerChoice } from './provider-choice';
import { propertyIn } from './providers';

const FIELD = '#node-config-input-';
const text = textOf('email-server-connector');

/** Long enough not to ask in the middle of a word. */
const PAUSE_MS = 400;

interface Verdict {
  settings: { sentence: string } | null;
  errors: Finding[];
  warnings: Finding[];
}

export interface PropertiesEditor {
  value(): string;
  resize(): void;
  close(): void;
}

/** The editor of the properties, with the providers to start from, and what the connector makes of the text below it. */
export function openPropertiesEditor(nodeId: string): PropertiesEditor {
  const editor = openCodeEditor(
    'node-config-input-properties-editor',
    // The two code editors of Node-RED know this format by different names.
    RED.editor.codeEditor.editor?.type === 'ace' ? 'ace/mode/properties' : 'ace/mode/ini',
    String($(`${FIELD}properties`).val() ?? ''),
    text('label.properties'),
  );
  // Its label is that of a field which nobody sees.
  $('label[for=node-config-input-properties]').on('click', () => editor.focus());
  const sentence = $('#esc-sentence');
  const list = $('#esc-findings');
  const propertiesChanged = providerChoice(editor, text);

  const checks = latest<Verdict>({
    pauseMs: PAUSE_MS,
    ask: (signal) => request('POST', 'email-server-connector/check', question(nodeId, editor), signal),
    show({ settings, errors, warnings }) {
      const value = editor.getValue();
      showMarks(editor, [...marksOf(value, 'warning', warnings), ...marksOf(value, 'error', errors)]);
      sentence.text(settings?.sentence ?? '').toggle(settings !== null);
      list.empty().append(...items('error', errors), ...items('warning', warnings));
    },
    fail: ({ message }) => {
      showMarks(editor, []);
      sentence.text('').hide();
      list.empty().append($('<li>').text(text('check.failed', { reason: message })));
    },
  });

  function items(severity: Severity, findings: Finding[]): JQuery[] {
    return findings.map(({ line, message }) => {
      const item = $('<li>').addClass(`esc-finding-${severity}`).attr('data-severity', severity);
      item.append(
        $('<i class="fa fa-fw" aria-hidden="true">').addClass(
          severity === 'error' ? 'fa-times-circle' : 'fa-exclamation-triangle',
        ),
        $('<span class="esc-finding-kind">').text(text(`check.${severity}`)),
        ' ',
      );
      if (line !== null) {
        const place = $('<button type="button" class="red-ui-button red-ui-button-small">')
          .text(text('check.line', { line }))
          .on('click', () => {
            editor.gotoLine(line - 1, 0);
            editor.focus();
          });
        item.append(place, ' ');
      }
      return item.append($('<span class="esc-finding-text">').text(message));
    });
  }

  const changed = () => checks.changed();
  editor.on('change', () => {
    propertiesChanged();
    changed();
  });
  $(`${FIELD}username, ${FIELD}password, ${FIELD}allowedRecipients, ${FIELD}redirectTo`).on(
    'input change',
    changed,
  );
  $(`${FIELD}allowInsecureAuth, ${FIELD}authType`).on('change', changed);
  changed();

  return {
    value: () => editor.getValue(),
    resize: () => editor.resize(),
    close() {
      checks.stop();
      editor.destroy();
    },
  };
}

/** What is checked: all that the sentence is made of, who may get mails, and never the password. */
function question(id: string, editor: CodeEditor): object {
  const properties = editor.getValue();
  const username = String($(`${FIELD}username`).val() ?? '').trim();
  return {
    id,
    properties,
    hasCredentials: $(`${FIELD}password`).val() !== '',
    authType: String($(`${FIELD}authType`).val() ?? ''),
    // As the connector does when the field is empty.
    username: username || propertyIn(properties, 'mail.smtp.user', 'mail.smtps.user', 'mail.user'),
    allowInsecureAuth: $(`${FIELD}allowInsecureAuth`).is(':checked'),
    allowedRecipients: String($(`${FIELD}allowedRecipients`).val() ?? ''),
    redirectTo: String($(`${FIELD}redirectTo`).val() ?? ''),
  };
}

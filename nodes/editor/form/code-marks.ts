import type { Mark } from '../connector/findings';

const OWNER = 'email-server-connector';

/** Shows marks in a code editor in place of the earlier ones: Monaco underlines them, ACE puts a sign beside the line. */
export function showMarks(editor: CodeEditor, marks: readonly Mark[]): void {
  const model = editor.getModel?.();
  if (model && window.monaco) {
    const { MarkerSeverity, editor: models } = window.monaco;
    models.setModelMarkers(
      model,
      OWNER,
      marks.map(({ line, from, to, severity, message }) => ({
        startLineNumber: line,
        endLineNumber: line,
        startColumn: from,
        endColumn: to,
        severity: severity === 'error' ? MarkerSeverity.Error : MarkerSeverity.Warning,
        message,
      })),
    );
    return;
  }
  editor.getSession().setAnnotations?.(
    marks.map(({ line, from, severity, message }) => ({
      row: line - 1,
      column: from - 1,
      type: severity,
      text: message,
    })),
  );
}

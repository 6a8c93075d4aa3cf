/**
 * Opens a code editor in the element with this id. For the keyboard and screen readers it is a field like any other: it has
 * the label as its name, and the tab key leads on instead of writing a tab.
 */
export function openCodeEditor(id: string, mode: string, value: string, label: string): CodeEditor {
  const editor = RED.editor.createEditor({
    id,
    mode,
    value,
    stateId: false,
    minimap: { enabled: false },
    ariaLabel: label,
  });
  const place = document.getElementById(id);
  place?.querySelector('.ace_text-input')?.setAttribute('aria-label', label);
  // Before the editor sees it: not every Monaco has an option for this.
  place?.addEventListener('keydown', (event) => event.key === 'Tab' && event.stopPropagation(), true);
  return editor;
}

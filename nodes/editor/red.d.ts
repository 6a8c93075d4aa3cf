/** The part of the Node-RED editor's browser API that the dialogs use (4.1 and 5). */
declare const RED: {
  _(key: string, values?: Record<string, string | number>): string;
  i18n: { lang(): string };
  nodes: {
    registerType<T>(type: string, definition: NodeDefinition<T>): void;
    node(id: string): object | null | undefined;
  };
  editor: {
    codeEditor: { editor?: { type: string } };
    createEditor(options: {
      id: string;
      mode: string;
      value: string;
      stateId?: string | false;
      minimap?: { enabled: boolean };
      /** Monaco only: its name for screen readers. */
      ariaLabel?: string;
    }): CodeEditor;
    editText(options: {
      mode: string;
      value: string;
      width: string;
      focus: boolean;
      complete: (value: string) => void;
    }): void;
  };
  popover: { tooltip(target: JQuery, text: string): void };
  tabs: {
    create(options: { id: string; onchange: (tab: { id: string }) => void }): {
      addTab(tab: { id: string; label: string }): void;
      activateTab(id: string): void;
      resize(): void;
    };
  };
  user: { hasPermission(permission: string): boolean };
  utils: {
    validatePropertyExpression(expression: string): boolean;
    /** With options it answers with the reason. */
    validateTypedProperty(value: string, type: string, options?: ValidatorOptions): true | string | false;
  };
};

/** Either of the two code editors of Node-RED: Monaco with the functions of ACE added, or ACE. */
interface CodeEditor {
  getValue(): string;
  setValue(value: string, cursor?: number): void;
  getSession(): { setMode(mode: string): void; setAnnotations?(annotations: object[]): void };
  /** Monaco only. */
  getModel?(): object | null;
  on(event: 'change', listener: () => void): void;
  /** Row and column from 0. */
  gotoLine(row: number, column: number): void;
  resize(): void;
  focus(): void;
  destroy(): void;
}

interface Window {
  /** Not there when Node-RED is set to ACE. */
  monaco?: {
    MarkerSeverity: { Error: number; Warning: number };
    editor: { setModelMarkers(model: object, owner: string, markers: object[]): void };
  };
}

/** What the editor passes to a validator besides the value. */
interface ValidatorOptions {
  label?: string;
}

/** A validator with two parameters may answer with the reason why a value is refused. */
type Validator<T> = (this: EditorNode<T>, value: unknown, options: ValidatorOptions) => true | string;

interface FieldDefinition<T> {
  value: unknown;
  required?: boolean;
  /** Type of the config node that the property refers to. */
  type?: string;
  label?: string;
  validate?: Validator<T>;
}

type EditorNode<T> = T & { id: string; type: string; _(key: string): string };

interface NodeDefinition<T> {
  category: string;
  defaults: { [P in keyof T]: FieldDefinition<T> };
  credentials?: Record<string, { type: 'text' | 'password' }>;
  color?: string;
  icon?: string;
  inputs?: number;
  outputs?: number;
  inputLabels?: (this: EditorNode<T>) => string;
  outputLabels?: (this: EditorNode<T>, index: number) => string;
  paletteLabel?: string;
  label?: (this: EditorNode<T>) => string;
  labelStyle?: (this: EditorNode<T>) => string;
  oneditprepare?: (this: EditorNode<T>) => void;
  oneditsave?: (this: EditorNode<T>) => void;
  oneditcancel?: (this: EditorNode<T>) => void;
  oneditdelete?: (this: EditorNode<T>) => void;
  oneditresize?: (this: EditorNode<T>, size: { width: number; height: number }) => void;
}

interface JQuery {
  typedInput(options: {
    default: string;
    types: (string | { value: string; label: string; icon: string })[];
    typeField?: string;
  }): JQuery;
}

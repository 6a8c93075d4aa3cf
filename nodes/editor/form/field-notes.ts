/** Notes below the fields of a dialog: what is wrong there, or what to know. */

export interface FieldNotes {
  /** Shows the texts for each field in place of all earlier ones of that kind. */
  show(kind: 'problem' | 'advice', texts: ReadonlyMap<string, string[]>): void;
}

/** Makes notes for the form rows of these fields; `rowOf` gives the element after whose content they stand. */
export function fieldNotes(fields: readonly string[], rowOf: (field: string) => JQuery): FieldNotes {
  const places = new Map(
    fields.map((field) => {
      const place = (kind: string) =>
        $('<div aria-live="polite">').addClass(`send-email-${kind}`).attr('data-field', field).hide();
      const both = { problem: place('problem'), advice: place('advice') };
      rowOf(field).append(both.problem, both.advice);
      return [field, both] as const;
    }),
  );
  return {
    show(kind, texts) {
      for (const [field, place] of places) {
        const lines = texts.get(field) ?? [];
        place[kind].text(lines.join('\n')).toggle(lines.length > 0);
      }
    },
  };
}

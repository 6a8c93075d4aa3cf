import { request } from '../api';
import { openCodeEditor } from '../form/code-editor';
import type { Scheme } from '../form/color-scheme';
import { fieldNotes, type FieldNotes } from '../form/field-notes';
import { takeLastMsgs } from './last-msgs';
import { latest } from '../form/latest';
import { textOf } from '../form/locale';
import { framePage } from './mail-frame';
import { problemsByField, SAMPLES, type PreviewProblem } from './preview-problems';
import { firstMail, readSamples, startSamples, writeSamples, type Sample } from './samples';

const text = textOf('send-email');

/** Long enough not to ask in the middle of a word. */
const PAUSE_MS = 400;

/** Where problems can be shown. */
const FIELDS = [
  'from',
  'to',
  'cc',
  'bcc',
  'replyTo',
  'subject',
  'template',
  'batchSize',
  'batchBy',
  'attachFolder',
  'timeZone',
];

interface Answer {
  subject: string;
  html: string | null;
  text: string;
  to: string[];
  /** Left out when there are none. */
  cc?: string[];
  bcc?: string[];
  errors: PreviewProblem[];
  /** Names in the body without a value. */
  missing: string[];
}

/** An answer as it is shown: how many of the samples are in it, and whether its sender only stood in for the real one. */
interface Shown extends Answer {
  of: { shown: number; all: number };
  senderUnknown: boolean;
}

export interface Preview {
  /** A field of the node changed. */
  changed(): void;
  resize(): void;
  close(): void;
}

/** What the preview needs of the form: the node as it would be saved. */
export interface Form {
  id: string;
  read(): Record<string, unknown>;
  /** Marks the lines of the template that have a problem. */
  mark(problems: readonly PreviewProblem[]): void;
}

const STAND_IN = 'sender@example.com';

/** What was last written as samples, by node, until the page is left. */
const written = new Map<string, string>();

/** The notes at the fields of the form, and at the samples. */
export function formNotes(): FieldNotes {
  return fieldNotes([...FIELDS, SAMPLES], (field) => {
    if (field === SAMPLES) return $('#send-email-samples-row');
    if (field === 'template') return $('#send-email-template-row');
    return $(`#node-input-${field}`).closest('.form-row');
  });
}

/** The pane that shows the mail which the form makes of sample msgs; it asks only while it is open. */
export function previewPane(form: Form, places: FieldNotes): Preview {
  const toggle = $('#send-email-preview-toggle');
  const pane = $('#send-email-preview').hide();
  const place = $('#send-email-preview-frame');
  let samples: CodeEditor | undefined;
  let open = false;
  let scheme: Scheme = 'light';
  let html: string | null = null;
  let shownPage = '';

  const asking = latest<Shown | null>({
    pauseMs: PAUSE_MS,
    ask: (signal) => {
      const node = form.read();
      const read = readSamples(samples?.getValue() ?? '');
      if ('problem' in read) {
        const { key, reason = '' } = read.problem;
        places.show('problem', new Map([[SAMPLES, [text(`samples.${key}`, { reason })]]]));
        return Promise.resolve(null);
      }
      const messages = firstMail(read.samples, String(node.batchSize));
      return askFor(node, messages, signal).then((answer) => ({
        ...answer,
        of: { shown: messages.length, all: read.samples.length },
      }));
    },
    show: (answer) => answer && show(answer),
    fail: ({ message }) => places.show('problem', new Map([[SAMPLES, [message]]])),
  });

  function show(answer: Shown): void {
    const { subject, text: plain, to, errors, missing, of, senderUnknown } = answer;
    const problems = problemsByField(errors, FIELDS);
    const fields = [...problems.keys()].filter((field) => field !== SAMPLES);
    const notes = [
      text('preview.count', of),
      ...(senderUnknown ? [text('preview.noSender')] : []),
      ...(missing.length > 0
        ? [text('preview.missing', { names: missing.map((name) => `{{${name}}}`).join(', ') })]
        : []),
      ...(fields.length > 0
        ? [text('preview.problems', { fields: fields.map((field) => text(`label.${field}`)).join(', ') })]
        : []),
    ];
    $('#send-email-preview-count').text(notes.join(' '));
    $('#send-email-preview-to').text(to.join(', '));
    for (const copies of ['cc', 'bcc'] as const) {
      const list = answer[copies] ?? [];
      $(`#send-email-preview-${copies}`).text(list.join(', '));
      $(`.send-email-preview-${copies}`).toggle(list.length > 0);
    }
    $('#send-email-preview-subject').text(subject);
    $('#send-email-preview-text').text(plain);
    html = answer.html;
    showHtml();
    places.show('problem', problems);
    form.mark(errors.filter(({ field }) => field === 'template'));
  }

  function showHtml(): void {
    const page = framePage(html ?? '', scheme);
    place
      .attr('data-scheme', scheme)
      .closest('.send-email-part')
      .toggle(html !== null);
    if (page === shownPage) return;
    shownPage = page;
    // A new frame each time: the page of one that had another before is at times not painted.
    place.empty().append($('<iframe sandbox="">').attr({ title: text('preview.html'), srcdoc: page }));
  }

  function openSamples(): CodeEditor {
    const editor = samplesEditor(form);
    editor.on('change', () => {
      written.set(form.id, editor.getValue());
      asking.changed();
    });
    return editor;
  }

  function setOpen(next: boolean): void {
    open = next;
    toggle.attr('aria-expanded', String(open));
    pane.toggle(open);
    if (!open) {
      asking.stop();
      places.show('problem', new Map());
      form.mark([]);
      return;
    }
    samples ??= openSamples();
    samples.resize();
    asking.changed();
  }

  const closed = new AbortController();
  takeLastMsgs(form.id, closed.signal, {
    take: (messages) => samples?.setValue(writeSamples(messages), -1),
    none: (reason) => places.show('problem', new Map([[SAMPLES, [reason]]])),
  });
  toggle.attr('aria-expanded', 'false').on('click', () => setOpen(!open));
  $('#send-email-preview-scheme')
    .attr('aria-label', text('preview.scheme'))
    .on('change', (event) => {
      scheme = $(event.target).val() === 'dark' ? 'dark' : 'light';
      showHtml();
    });

  return {
    changed: () => open && asking.changed(),
    resize: () => samples?.resize(),
    close() {
      asking.stop();
      closed.abort();
      samples?.destroy();
    },
  };
}

/**
 * Asks for the mail. Only the deployed connector knows its sender: where that is all that is missing, and a connector is
 * chosen, another one stands in, for the rest of the mail can be shown without it.
 */
async function askFor(
  node: Record<string, unknown>,
  messages: Sample[],
  signal: AbortSignal,
): Promise<Answer & { senderUnknown: boolean }> {
  const ask = (sender: object) =>
    request<Answer>('POST', 'send-email/preview', { node: { ...node, ...sender }, messages }, signal);
  const answer = await ask({});
  const senderUnknown = Boolean(node.server) && answer.errors.some(({ code }) => code === 'NO_SENDER');
  return { ...(senderUnknown ? await ask({ from: STAND_IN, fromType: 'str' }) : answer), senderUnknown };
}

function samplesEditor(form: Form): CodeEditor {
  const { to, cc, bcc } = form.read();
  const words = { topic: text('sample.topic'), first: text('sample.first'), second: text('sample.second') };
  return openCodeEditor(
    'send-email-samples-editor',
    'ace/mode/json',
    written.get(form.id) ?? startSamples(words, !to && !cc && !bcc),
    text('preview.samples'),
  );
}

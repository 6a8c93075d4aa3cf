import { replaceQuestion } from '../form/replace-question';
import { isUneditedTemplate, TEMPLATES, templateText, type TemplateId, type Words } from './templates';

type Texts = (key: string) => string;

/** Of the original: ${index}, ${event} and ${error}. */
const PLACEHOLDERS = /\$\{(index|event|error)\}/;

/**
 * The list of templates to start from: choosing one fills in the template, and sets the format to HTML. With the message as
 * it is, a Buffer is attached and not shown.
 */
export function templateChoice(editor: CodeEditor, byDefault: string, texts: Texts): void {
  const select = $('#send-email-template-choice');
  const words: Words = (word) => texts(`word.${word}`);
  const question = replaceQuestion($('#send-email-template-question'), {
    replace: texts('choice.replace'),
    keep: texts('choice.keep'),
  });

  select.attr('aria-label', texts('choice.label'));
  select.append($('<option>').val('').text(texts('choice.start')));
  for (const id of TEMPLATES)
    select.append(
      $('<option>')
        .val(id)
        .text(texts(`templateName.${id}`)),
    );
  select.on('change', () => {
    const id = String(select.val());
    question.drop();
    // The list offers starts; it does not say what the template is.
    select.val('');
    if (id === '') return;
    const fillIn = () => {
      editor.setValue(templateText(id as TemplateId, words), -1);
      $('#node-input-format').val('html').trigger('change');
      const attach = $('#node-input-attach');
      if (id === 'asIs' && attach.val() === 'false') attach.val('buffers').trigger('change');
    };
    if (isUneditedTemplate(editor.getValue(), byDefault, words)) fillIn();
    else question.ask(texts('choice.question'), fillIn, () => undefined);
  });

  let declined = false;
  /** Offers to write the placeholders of the original as the tags that they mean. */
  const offerTags = () => {
    const text = editor.getValue();
    if (declined || !PLACEHOLDERS.test(text)) return;
    const rewrite = () => editor.setValue(text.replace(new RegExp(PLACEHOLDERS, 'g'), '{{$1}}'), -1);
    question.ask(texts('choice.placeholders'), rewrite, () => (declined = true));
  };
  editor.on('change', offerTags);
  offerTags();
}

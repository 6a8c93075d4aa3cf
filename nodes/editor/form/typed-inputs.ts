import { TYPED_FIELDS } from './typed-fields';

const TYPES = ['msg', 'flow', 'global', 'env', 'jsonata'];

/** Turns the fields of the form into typed inputs, and ties their labels to what the keyboard reaches. */
export function typedInputs(words: (key: string) => string): void {
  const template = {
    value: 'str',
    label: words('type.template'),
    icon: '<span class="send-email-mustache" aria-hidden="true">{{}}</span>',
  };
  for (const field of TYPED_FIELDS) {
    input(field).typedInput({
      default: 'str',
      types: [template, ...TYPES],
      typeField: `#node-input-${field}Type`,
    });
    tie(field, words(`label.${field}`));
  }
  input('attachProperty').typedInput({ default: 'msg', types: ['msg'] });
  tie('attachProperty', words('label.attachProperty'));
}

function input(field: string): JQuery {
  return $(`#node-input-${field}`);
}

/** Ties label, type and what is typed of a field together. */
function tie(field: string, label: string): void {
  const container = input(field).nextAll('.red-ui-typedInput-container').first();
  const shown = container.find('.red-ui-typedInput-input').attr('id', `node-input-${field}-shown`);
  input(field).closest('.form-row').children('label').attr('for', `node-input-${field}-shown`);
  // Of itself it passes on only what is typed on a keyboard.
  shown.on('input', () => shown.trigger('change'));
  const type = container.find('.red-ui-typedInput-type-select');
  const nameType = () => type.attr('aria-label', `${label}: ${String(type.attr('title') ?? '')}`);
  input(field).on('change', nameType);
  nameType();
}

import { TYPED_FIELDS, type TypedField } from './typed-fields';

const TYPES = ['msg', 'flow', 'global', 'env', 'jsonata'];

/** Turns the fields of the form into typed inputs, and ties their labels to what the keyboard reaches. */
export function typedInputs(words: (key: string) => string): void {
  const template = {
    value: 'str',
    label: words('type.template'),
    icon: '<span class="send-email-mustache" aria-hidden="true">{{}}</span>',
  };
  for (const field of TYPED_FIELDS) {
    const element = input(field);
    element.typedInput({
      default: 'str',
      types: [template, ...TYPES],
      typeField: `#node-input-${field}Type`,
    });
    const container = element.nextAll('.red-ui-typedInput-container').first();
    const shown = container.find('.red-ui-typedInput-input').attr('id', `node-input-${field}-shown`);
    element.closest('.form-row').children('label').attr('for', `node-input-${field}-shown`);
    // Of itself it passes on only what is typed on a keyboard.
    shown.on('input', () => shown.trigger('change'));
    const type = container.find('.red-ui-typedInput-type-select');
    const nameType = () =>
      type.attr('aria-label', `${words(`label.${field}`)}: ${String(type.attr('title') ?? '')}`);
    element.on('change', nameType);
    nameType();
  }
}

function input(field: TypedField): JQuery {
  return $(`#node-input-${field}`);
}

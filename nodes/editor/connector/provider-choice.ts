import {
  providerOf,
  PROVIDERS,
  providerWith,
  rateFor,
  isUnedited,
  type Period,
  type Provider,
} from './providers';
import { replaceQuestion } from '../form/replace-question';

type Words = (key: string, values?: Record<string, string | number>) => string;

const OTHER = 'other';

const FIELD = '#node-config-input-';

/**
 * The list of providers: choosing one fills in the properties and its limit, and its note is shown. Returns what has to be
 * called when the properties changed.
 */
export function providerChoice(editor: CodeEditor, words: Words): () => void {
  const select = $('#esc-provider');
  const note = $('#esc-provider-note');
  const question = replaceQuestion($('#esc-provider-question'), {
    replace: words('provider.replace'),
    keep: words('provider.keep'),
  });
  let chosen: Provider | undefined;

  function show(): void {
    select.val(chosen?.id ?? OTHER);
    note.text(chosen ? words(`providerNote.${chosen.id}`) : '').toggle(chosen !== undefined);
  }

  function fillIn(provider: Provider): void {
    chosen = provider;
    editor.setValue(provider.properties, -1);
    const rate = rateFor(provider, {
      limit: Number($(`${FIELD}rateLimit`).val()),
      period: String($(`${FIELD}ratePeriod`).val()) as Period,
    });
    $(`${FIELD}rateLimit`).val(String(rate.limit)).trigger('change');
    $(`${FIELD}ratePeriod`).val(rate.period).trigger('change');
    const username = $(`${FIELD}username`);
    if (provider.username && username.val() === '') username.val(provider.username).trigger('change');
    show();
  }

  for (const { id } of PROVIDERS)
    select.append(
      $('<option>')
        .val(id)
        .text(words(`providerName.${id}`)),
    );
  select.append($('<option>').val(OTHER).text(words('provider.other')));
  select.on('change', () => {
    question.drop();
    const provider = providerWith(String(select.val()));
    if (!provider) {
      chosen = undefined;
      show();
    } else if (isUnedited(editor.getValue())) fillIn(provider);
    else question.ask(words('provider.question'), () => fillIn(provider), show);
  });

  const follow = () => {
    chosen = providerOf(editor.getValue(), chosen);
    show();
  };
  follow();
  return follow;
}

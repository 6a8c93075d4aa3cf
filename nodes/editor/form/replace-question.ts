/** A question that stands in the dialog until it is answered. */

export interface Question {
  /** Shows the question in place of an earlier one. */
  ask(text: string, replace: () => void, keep: () => void): void;
  /** Takes the question away without an answer. */
  drop(): void;
}

/** Makes an empty place into one for a question with the two answers. */
export function replaceQuestion(place: JQuery, words: { replace: string; keep: string }): Question {
  const drop = () => place.empty().hide();

  function button(text: string, act: () => void): JQuery {
    return $('<button type="button" class="red-ui-button red-ui-button-small">')
      .text(text)
      .on('click', () => {
        drop();
        act();
      });
  }

  drop();
  return {
    drop,
    ask(text, replace, keep) {
      place
        .empty()
        .append($('<span>').text(text), ' ', button(words.replace, replace), ' ', button(words.keep, keep))
        .show();
    },
  };
}

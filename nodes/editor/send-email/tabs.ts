/**
 * Makes a list and the panes below it into tabs in the way of the core nodes. Each pane's id is that of its tab. With the
 * keyboard: the arrow keys choose (ARIA Authoring Practices, tabs).
 */
export function makeTabs(list: string, panes: { id: string; label: string }[], shown: () => void): void {
  const link = (id: string) => $(`#${list} a[href='#${id}']`);
  const tabs = RED.tabs.create({
    id: list,
    onchange({ id }) {
      for (const pane of panes) {
        const chosen = pane.id === id;
        $(`#${pane.id}`).toggle(chosen);
        link(pane.id).attr({ 'aria-selected': String(chosen), tabindex: chosen ? 0 : -1 });
      }
      shown();
    },
  });
  for (const pane of panes) tabs.addTab(pane);

  $(`#${list}`).attr('role', 'tablist').children('li').attr('role', 'presentation');
  panes.forEach(({ id }, i) => {
    const choose = (step: number) => {
      const { id: next } = panes[(i + step + panes.length) % panes.length] as { id: string };
      tabs.activateTab(next);
      link(next).trigger('focus');
    };
    link(id)
      .attr({
        id: `${id}-tab`,
        role: 'tab',
        'aria-controls': id,
        'aria-selected': String(i === 0),
        tabindex: i ? -1 : 0,
      })
      .on('keydown', (event) => {
        if (event.key === 'ArrowRight') choose(1);
        if (event.key === 'ArrowLeft') choose(-1);
      });
    $(`#${id}`).attr({ role: 'tabpanel', 'aria-labelledby': `${id}-tab` });
  });
  // The dialog has its width only when it has slid in.
  setTimeout(() => tabs.resize(), 0);
}

/** Makes a list and the panes below it into tabs in the way of the core nodes. Each pane's id is that of its tab. */
export function makeTabs(list: string, panes: { id: string; label: string }[], shown: () => void): void {
  const tabs = RED.tabs.create({
    id: list,
    onchange({ id }) {
      for (const pane of panes) $(`#${pane.id}`).toggle(pane.id === id);
      shown();
    },
  });
  for (const pane of panes) tabs.addTab(pane);
  // The dialog has its width only when it has slid in.
  setTimeout(() => tabs.resize(), 0);
}

/** A flow with the two nodes in a real Node-RED, and its editor in a browser: what tests of the dialogs begin with. */
import type { Browser, Page } from 'playwright-core';
import { mailFlow, type MailFlow, type MailFlowParts } from '../flows/mail-flow';
import { startNodeRed, type NodeRed } from '../flows/node-red';
import { startInbox, type Inbox } from '../servers/inbox';
import { launch, needChromium, openEditor } from './chromium';

export interface OpenedFlow {
  red: NodeRed;
  inbox: Inbox;
  browser: Browser;
  flow: MailFlow;
  page: Page;
  close: () => Promise<void>;
}

/** For the `before` of a suite, which is skipped without a browser; `login` is what the inbox asks for. */
export async function openFlow(
  context: Mocha.Context,
  parts: Omit<MailFlowParts, 'server'>,
  login?: { user: string; password: string },
): Promise<OpenedFlow> {
  const path = needChromium(context);
  const opened: { close: () => Promise<unknown> }[] = [];
  const close = async () => {
    for (const one of opened.reverse()) await one.close();
  };
  try {
    const inbox = await startInbox(login ?? {});
    opened.push(inbox);
    const red = await startNodeRed();
    opened.push({ close: () => red.stop() });
    const flow = mailFlow(red, { server: inbox, ...parts });
    await red.deploy(flow.nodes);
    const browser = await launch(path);
    opened.push(browser);
    return { red, inbox, browser, flow, page: await openEditor(browser, red.url), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Makes the page of a frame that shows the HTML of a mail and does nothing else. The frame has a sandbox without any
 * permission, so no script runs, no form is sent and no window opens; the policy in the page keeps everything from
 * loading. What is left over for these two is taken out before.
 */

import { inScheme, type Scheme } from '../form/color-scheme';

/** Style sheets inside the mail, and images inside it; nothing from anywhere. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/**
 * Elements that load or lead elsewhere: `link` because no policy covers its preconnect and dns-prefetch, `template` because
 * it can become a part of the page that is not looked through here, and the SVG animations because they can change a link.
 */
const ACTIVE = [
  ...['script', 'link', 'base', 'meta[http-equiv]', 'template', 'set', 'animate'],
  ...['iframe', 'frame', 'frameset', 'object', 'embed', 'fencedframe'],
].join(', ');

/** The page for the HTML of a mail, as a program in light or dark colours shows it; for a frame with `sandbox=""`. */
export function framePage(html: string, scheme: Scheme): string {
  // A document without a window: nothing in it loads or runs.
  const page = new DOMParser().parseFromString(html, 'text/html');
  page.querySelectorAll(ACTIVE).forEach((element) => element.remove());
  page.querySelectorAll('a, area').forEach((link) => {
    // A click would lead the frame itself away; a new window is what its sandbox does not let it open.
    link.setAttribute('target', '_blank');
    link.removeAttribute('ping');
  });
  page.querySelectorAll('style').forEach((style) => {
    style.textContent = inScheme(style.textContent ?? '', scheme);
  });
  page.querySelectorAll('meta[name="color-scheme" i]').forEach((meta) => {
    if (/\bdark\b/i.test(meta.getAttribute('content') ?? '')) meta.setAttribute('content', scheme);
  });
  page.head.prepend(
    order(page, 'Content-Security-Policy', POLICY),
    // The hosts of links are not looked up either.
    order(page, 'x-dns-prefetch-control', 'off'),
  );
  return `<!doctype html>\n${page.documentElement.outerHTML}`;
}

function order(page: Document, name: string, content: string): HTMLMetaElement {
  const meta = page.createElement('meta');
  meta.httpEquiv = name;
  meta.content = content;
  return meta;
}

/** Content that stands in an address: `data:image/png;base64,…` (RFC 2397). */
import { t } from '../../language/text';

export interface DataUrl {
  content: Buffer;
  /** The media type with its parameters; empty when the address names none. */
  contentType: string;
}

/** Whether a text is such an address. */
export function isDataUrl(text: string): boolean {
  return /^\s*data:[^,]{0,200},/i.test(text);
}

/** Whether a text that is given as content is such an address: one of a media type in base64, as pictures of pages are. */
export function isEncodedContent(text: string): boolean {
  return /^\s*data:[\w.+-]+\/[\w.+-]+(?:;[^,;]{1,100})*;base64,[\w+/=\s-]*$/i.test(text);
}

/** Reads one; gives the reason when its content is broken. */
export function readDataUrl(url: string): DataUrl | { reason: string } {
  const [, head = '', data = ''] = /^\s*data:([^,]*),([^]*)$/i.exec(url) ?? [];
  const base64 = /;\s*base64\s*$/i.test(head);
  const contentType = head.replace(/;\s*base64\s*$/i, '').trim();
  if (!base64) {
    try {
      return { content: Buffer.from(decodeURIComponent(data)), contentType };
    } catch {
      return { reason: t`its data: URL has a % that stands for no character: encode the content again.` };
    }
  }
  const text = decodeAll(data).replace(/\s+/g, '');
  return /^[\w+/-]*={0,2}$/.test(text)
    ? { content: Buffer.from(text, 'base64'), contentType }
    : { reason: t`its content is not valid ${'base64'}: check it.` };
}

/** Some writers encode the + and / of base64. */
function decodeAll(text: string): string {
  return text.replace(/%(2b|2f|3d)/gi, (escape) => decodeURIComponent(escape));
}

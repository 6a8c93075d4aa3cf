/**
 * The names by which HTML shows its pictures (`cid:`, RFC 2392). Two events of one mail may use the same name for
 * different pictures, and a name may be one that no header can carry: such a picture gets another name, and the references
 * in the HTML of its event follow.
 */

/** Names by what they were before. */
export type Renamed = ReadonlyMap<string, string>;

/** What a Content-ID can be without being encoded (RFC 5322 section 3.6.4, the part before the @). */
const PLAIN = /^[\w.!#$%&'*+/=?^`{|}~-]+(?:@[\w.-]+)?$/;

/** In quotation marks a name may hold spaces, elsewhere it ends at one. */
const REFERENCE = /(?<=["'])cid:([^"'<>]+)(?=["'])|\bcid:([^"'\s<>)]+)/gi;

/** Gives names that no other picture of the mail has. */
export function createContentIds() {
  const taken = new Set<string>();
  return (wanted: string): string => {
    const base = PLAIN.test(wanted) ? wanted : 'picture';
    let name = base;
    for (let count = 2; taken.has(name); count++) name = withNumber(base, count);
    taken.add(name);
    return name;
  };
}

/** The HTML of one event with the new names of its pictures. */
export function followNames(html: string, renamed: Renamed): string {
  if (renamed.size === 0) return html;
  return html.replace(REFERENCE, (reference, quoted: string | undefined, bare: string | undefined) => {
    const name = renamed.get(nameOf(quoted ?? bare ?? ''));
    return name === undefined ? reference : `cid:${encodeURIComponent(name).replace(/%40/g, '@')}`;
  });
}

/** The names that HTML refers to. */
export function namesIn(html: string): Set<string> {
  return new Set([...html.matchAll(REFERENCE)].map(([, quoted, bare]) => nameOf(quoted ?? bare ?? '')));
}

function withNumber(base: string, count: number): string {
  const [local = '', ...domain] = base.split('@');
  return [`${local}-${count}`, ...domain].join('@');
}

const ESCAPES: Record<string, string> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
};

/** A name as it is written in an address in HTML. */
function nameOf(written: string): string {
  const text = written.replace(/&(?:lt|gt|quot|#39|amp);/g, (escape) => ESCAPES[escape] ?? escape).trim();
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

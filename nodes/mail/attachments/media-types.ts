/** What bytes are, and what a file of a type is called. */
import * as mimeFuncs from 'nodemailer/lib/mime-funcs';

interface Signature {
  type: string;
  extension: string;
  /** Latin-1 text at the beginning, or at an offset. */
  text: string;
  at?: number;
  /** A second text that has to be there too. */
  and?: { text: string; at: number };
}

/** The first bytes of the formats that cameras, reports and plots come in. */
const SIGNATURES: readonly Signature[] = [
  { type: 'image/png', extension: 'png', text: '\x89PNG\r\n\x1a\n' },
  { type: 'image/jpeg', extension: 'jpg', text: '\xff\xd8\xff' },
  { type: 'image/gif', extension: 'gif', text: 'GIF8' },
  { type: 'image/webp', extension: 'webp', text: 'RIFF', and: { text: 'WEBP', at: 8 } },
  { type: 'image/bmp', extension: 'bmp', text: 'BM', and: { text: '\0\0\0\0', at: 6 } },
  { type: 'image/tiff', extension: 'tif', text: 'II*\0' },
  { type: 'image/tiff', extension: 'tif', text: 'MM\0*' },
  { type: 'image/avif', extension: 'avif', text: 'ftypavif', at: 4 },
  { type: 'image/heic', extension: 'heic', text: 'ftypheic', at: 4 },
  { type: 'application/pdf', extension: 'pdf', text: '%PDF-' },
  { type: 'video/quicktime', extension: 'mov', text: 'ftypqt', at: 4 },
  { type: 'video/mp4', extension: 'mp4', text: 'ftyp', at: 4 },
  { type: 'video/webm', extension: 'webm', text: '\x1aE\xdf\xa3' },
  { type: 'video/x-msvideo', extension: 'avi', text: 'RIFF', and: { text: 'AVI ', at: 8 } },
  { type: 'audio/wav', extension: 'wav', text: 'RIFF', and: { text: 'WAVE', at: 8 } },
  { type: 'audio/mpeg', extension: 'mp3', text: 'ID3' },
  { type: 'audio/ogg', extension: 'ogg', text: 'OggS' },
  { type: 'application/zip', extension: 'zip', text: 'PK\x03\x04' },
  { type: 'application/gzip', extension: 'gz', text: '\x1f\x8b\x08' },
];

/** Type and extension of content, found from its first bytes; null for what is not known. */
export function typeOfBytes(content: Buffer): { type: string; extension: string } | null {
  const is = (text: string, at = 0) => content.toString('latin1', at, at + text.length) === text;
  const found = SIGNATURES.find(({ text, at, and }) => is(text, at) && (!and || is(and.text, and.at)));
  if (found) return { type: found.type, extension: found.extension };
  const start = content.toString('latin1', 0, 300).replace(/^\xef\xbb\xbf/, '');
  return /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[^]*?-->\s*)?<svg[\s>]/i.test(start)
    ? { type: 'image/svg+xml', extension: 'svg' }
    : null;
}

/** The extension of files of a media type; null for a type that is not known, or says nothing. */
export function extensionOf(contentType: string): string | null {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'image/jpeg') return 'jpg';
  if (!/^[\w.+-]+\/[\w.+-]+$/.test(type) || type === 'application/octet-stream') return null;
  const extension = mimeFuncs.detectExtension(type);
  return extension === 'bin' ? null : extension;
}

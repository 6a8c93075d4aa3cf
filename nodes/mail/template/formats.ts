/** Times and numbers as people read them, in one time zone and in the language of the moment. */
import { currentLanguage } from '../../language/language';

/** What can be asked of a time: `{{time.local}}`. */
const TIME_STYLES: Record<string, Intl.DateTimeFormatOptions> = {
  local: { dateStyle: 'medium', timeStyle: 'medium' },
  date: { dateStyle: 'medium' },
  clock: { timeStyle: 'medium' },
  weekday: { weekday: 'long' },
};

/** A moment in a view, ms since the epoch: shown in ISO 8601, or as a format of it is asked for. */
export class Moment {
  constructor(
    readonly time: number,
    private readonly formats: Formats,
  ) {}

  toString(): string {
    return this.formats.iso(this.time);
  }

  toJSON(): string {
    return this.toString();
  }
}

export interface Formats {
  /** ISO 8601 to the second with the offset of the zone: `2026-11-22T13:00:00+01:00`. */
  iso(time: number): string;
  /** The offset of the zone at a time, minutes east of Greenwich. */
  offset(time: number): number;
  /** A time or a number in one of its formats; undefined for other values and formats. */
  of(value: unknown, format: string): string | undefined;
}

/** Formats in an IANA time zone; the empty one is that of the machine. */
export function createFormats(timeZone: string): Formats {
  const offsetOf = timeZone === '' ? localOffset : zoneOffset(timeZone);
  const made = new Map<string, Intl.DateTimeFormat>();
  let last = { time: NaN, offset: NaN, text: '' };

  function timeText(time: number, format: string, style: Intl.DateTimeFormatOptions): string {
    const language = currentLanguage();
    // The zone of the machine can change while Node-RED runs, and a formatter keeps the one that it was made in.
    const zone = timeZone === '' ? Intl.DateTimeFormat().resolvedOptions().timeZone : timeZone;
    const key = `${language} ${zone} ${format}`;
    let formatter = made.get(key);
    if (!formatter) {
      formatter = new Intl.DateTimeFormat(language, { ...style, timeZone: zone });
      made.set(key, formatter);
    }
    // Some languages put narrow spaces into times, which mail programs show as boxes.
    return formatter.format(time).replace(/[\u00a0\u2009\u202f]/g, ' ');
  }

  return {
    offset: offsetOf,
    iso(time) {
      const offset = offsetOf(time);
      // Asked for several times for each msg, and many msgs come in one millisecond.
      if (time !== last.time || offset !== last.offset)
        last = { time, offset, text: isoWithOffset(time, offset) };
      return last.text;
    },
    of(value, format) {
      const time = timeOf(value);
      if (time !== undefined) {
        const style = Object.hasOwn(TIME_STYLES, format) ? TIME_STYLES[format] : undefined;
        return style && timeText(time, format, style);
      }
      const number = numberOf(value);
      return number === undefined ? undefined : formatNumber(number, format);
    },
  };
}

/** Whether the platform knows a time zone; the empty one is that of the machine. */
export function isTimeZone(name: string): boolean {
  if (name === '') return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    // Offsets such as +01:00 are known to some platforms and not to others.
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}

/** A number without the noise of its binary form: 0.1 + 0.2 is 0.3. Fifteen digits are what a double holds for sure. */
export function plainNumber(value: number): number {
  return Number.isInteger(value) || !Number.isFinite(value) ? value : Number(value.toPrecision(15));
}

function timeOf(value: unknown): number | undefined {
  if (value instanceof Moment) return value.time;
  if (!(value instanceof Date)) return undefined;
  const time = value.getTime();
  return Number.isNaN(time) ? undefined : time;
}

/** A number, or a text that is one, as many sensors send it. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || !/^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*$/i.test(value))
    return undefined;
  return Number(value);
}

function formatNumber(value: number, format: string): string | undefined {
  if (format === 'local') {
    return new Intl.NumberFormat(currentLanguage(), { maximumFractionDigits: 15 }).format(plainNumber(value));
  }
  const digits = /^fixed([0-3])$/.exec(format)?.[1];
  if (digits === undefined) return undefined;
  const text = plainNumber(value).toFixed(Number(digits));
  // toFixed keeps the sign of what it rounds to nothing.
  return /^-0(?:\.0*)?$/.test(text) ? text.slice(1) : text;
}

/** Minutes east of Greenwich; the language counts them to the west. */
function localOffset(time: number): number {
  return -new Date(time).getTimezoneOffset();
}

/** Clocks change at full quarters of an hour. */
const QUARTER = 900_000;

/** Gives the offset of a zone, minutes east of Greenwich. */
function zoneOffset(timeZone: string): (time: number) => number {
  const formatter = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  let known = { quarter: NaN, offset: 0 };
  return (time) => {
    const quarter = Math.floor(time / QUARTER);
    if (quarter !== known.quarter) {
      const name = formatter.formatToParts(time).find(({ type }) => type === 'timeZoneName')?.value ?? '';
      const [, sign, hours, minutes] = /([+-])(\d{2}):(\d{2})/.exec(name) ?? [];
      const offset = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * (sign === '-' ? -1 : 1);
      known = { quarter, offset };
    }
    return known.offset;
  };
}

function isoWithOffset(time: number, offset: number): string {
  const local = new Date(time + offset * 60_000).toISOString().replace(/\.\d{3}Z$/, '');
  const hours = Math.trunc(Math.abs(offset) / 60);
  return `${local}${offset < 0 ? '-' : '+'}${twoDigits(hours)}:${twoDigits(Math.abs(offset) % 60)}`;
}

function twoDigits(n: number): string {
  return String(Math.trunc(n)).padStart(2, '0');
}

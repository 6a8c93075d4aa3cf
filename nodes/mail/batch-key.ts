/** One text for all parts that events must share to meet in one mail; different parts never give the same. */
export function batchKey(parts: readonly unknown[]): string {
  return JSON.stringify(parts);
}

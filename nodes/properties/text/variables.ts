/**
 * `${NAME}` in a value is the environment variable NAME.
 */

/** Gives the value of an environment variable, undefined when it is not set. */
export type Environment = (name: string) => string | undefined;

const REFERENCE = /\$\{([^{}]+)\}/g;
const ONLY_REFERENCE = /^\s*\$\{[^{}]+\}\s*$/;

/** Whether a value is one `${NAME}` and nothing else, so that the text itself gives nothing away. */
export function isReference(value: string): boolean {
  return ONLY_REFERENCE.test(value);
}

export interface Expanded {
  value: string;
  /** Names that are not set. */
  unset: string[];
  /** Names whose value has control characters, which could smuggle in SMTP commands, or half a surrogate pair. */
  unclean: string[];
}

/** Replaces every `${NAME}` by its value. What a variable holds is not replaced again. */
export function expand(value: string, env: Environment): Expanded {
  const unset: string[] = [];
  const unclean: string[] = [];
  const expanded = value.replace(REFERENCE, (reference, name: string) => {
    const found = env(name);
    if (found === undefined) unset.push(name);
    else if (/[\p{Cc}\p{Cs}]/u.test(found)) unclean.push(name);
    return found ?? reference;
  });
  return { value: expanded, unset, unclean };
}

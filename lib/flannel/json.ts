/** JSON as Go's encoding/json reads it: the case of keys does not matter, and null is as good as absent. */

export interface Field {
  /** As it was written. */
  key: string;
  value: unknown;
}

/** How a value is shown in an error: as JSON, cut short. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** A text as JSON, or what is wrong with it. */
export function parseJson(text: string): { value: unknown } | { fault: string } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { fault: text.trim() === '' ? 'it is empty' : `no JSON: ${(error as Error).message}` };
  }
}

/**
 * The fields of an object by lower-case name, those with null left out; of two that differ in case only the last counts.
 * Undefined when `value` is no object.
 */
export function fieldsOf(value: unknown): Map<string, Field> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const present = Object.entries(value).filter(([, content]) => content !== null);
  return new Map(present.map(([key, content]) => [key.toLowerCase(), { key, value: content as unknown }]));
}

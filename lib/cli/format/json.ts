/**
 * JSON as iproute2 writes it. Plain is compact; pretty is its own style, four spaces a level, lists on one line:
 *
 *   [ {
 *           "mac": "02:00:00:00:00:01",
 *           "flags": [ "self" ]
 *       },{
 *           …
 *       } ]
 */

const INDENT = '    ';

function prettyText(value: unknown, depth: number): string {
  if (Array.isArray(value)) {
    const items = value.map((item) => prettyText(item, depth + 1));
    return items.length === 0 ? '[ ]' : `[ ${items.join(',')} ]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  if (fields.length === 0) return '{}';
  const inner = `\n${INDENT.repeat(depth + 1)}`;
  const lines = fields.map(
    ([key, field]) => `${inner}${JSON.stringify(key)}: ${prettyText(field, depth + 1)}`,
  );
  return `{${lines.join(',')}\n${INDENT.repeat(depth)}}`;
}

/** A value as JSON text without a newline at its end; fields that are undefined are left out. */
export const jsonText = (value: unknown, pretty: boolean): string =>
  pretty ? prettyText(value, 0) : JSON.stringify(value);

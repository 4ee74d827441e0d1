/** Many entries in one call: POST …/bulk of a table. */
import Type, { type TSchema } from 'typebox';
import { VtepError } from '../../errors.js';

/** A request is answered before the next is looked at: longer ones would keep everybody else waiting. */
export const BULK_MAX = 10_000;
/** Octets of a body: BULK_MAX entries with every field given at its longest. */
export const BULK_BODY_LIMIT = 4 * 1024 * 1024;
export const BULK_SUMMARY =
  'Add or change many, in order; at the first that fails, those before it are in effect';
export const BULK_DELETE_SUMMARY =
  'Delete many, in order; at the first that fails, those before it have gone';

/** The body of such a call. */
export const bulkBody = <Entry extends TSchema>(entry: Entry) =>
  Type.Object(
    {
      entries: Type.Array(entry, {
        minItems: 1,
        maxItems: BULK_MAX,
        description: `1 to ${BULK_MAX} entries`,
      }),
    },
    { additionalProperties: false },
  );

/** Sets one after the other; an error says at which it stopped. */
export function setEach<Entry>(entries: readonly Entry[], set: (entry: Entry) => void): { set: number } {
  return { set: throughout(entries, set) };
}

/** Deletes one after the other, as setEach. */
export function deleteEach<Entry>(
  entries: readonly Entry[],
  remove: (entry: Entry) => void,
): { deleted: number } {
  return { deleted: throughout(entries, remove) };
}

function throughout<Entry>(entries: readonly Entry[], act: (entry: Entry) => void): number {
  for (const [index, entry] of entries.entries()) actOn(entry, index, act);
  return entries.length;
}

function actOn<Entry>(entry: Entry, index: number, act: (entry: Entry) => void): void {
  try {
    act(entry);
  } catch (error) {
    if (!(error instanceof VtepError)) throw error;
    const { code, message, errno, word } = error;
    throw new VtepError(code, `entries[${index}]: ${message}`, { errno, word, cause: error });
  }
}

/**
 * Words that threads share: an Int32Array on a SharedArrayBuffer of its own, zeroed. Large ones may be advised of
 * before they are first touched, so that the kernel backs them with huge pages (native-shim: adviseHuge); who has no
 * shim gives no `advise`, and nothing but speed is lost.
 */

/** Told of a large buffer that nobody has touched yet. */
export type Advise = (buffer: SharedArrayBuffer) => void;

/** Bytes below which no huge page fits, wherever the buffer lies. */
const LEAST_ADVISED = 4 << 20;

/** A new array of `length` words, all 0. */
export function sharedWords(length: number, advise?: Advise): Int32Array {
  const buffer = new SharedArrayBuffer(length * 4);
  if (buffer.byteLength >= LEAST_ADVISED) advise?.(buffer);
  return new Int32Array(buffer);
}

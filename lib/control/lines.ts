/** Splits a byte stream into lines, for NDJSON (one JSON value a line). */
import type { Readable } from 'node:stream';

/** Calls `onLine` for every complete, non-empty line; an unfinished last line is dropped with its stream. */
export function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(line);
  });
}

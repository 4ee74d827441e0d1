/** The client's end of `GET /v1/monitor`: a line of JSON an event. */
import type { IncomingMessage } from 'node:http';
import type { VtepEvent } from '../engine/types.js';
import { VtepError } from '../errors.js';
import { readLines } from './lines.js';

export type EventType = VtepEvent['type'];
export const EVENT_TYPES: readonly EventType[] = [
  'link',
  'fdb',
  'mdb',
  'neigh',
  'nexthop',
  'route',
  'vni',
  'miss',
];

/** What a monitor hears: events, and how many were lost because it read too slowly. */
export type MonitorEvent = VtepEvent | { type: 'lost'; count: number };

export interface MonitorStream {
  /** Resolves when the stream was closed by us, rejects with ERR_VTEP_DAEMON when the daemon ended it. */
  readonly closed: Promise<void>;
  close(): void;
}

/** Reads a monitor's lines; resolves with the stream at its `hello`. */
export function listen(
  response: IncomingMessage,
  onEvent: (event: MonitorEvent) => void,
  path: string,
): Promise<MonitorStream> {
  return new Promise((resolve, reject) => {
    let byUs = false;
    const gone = (): VtepError =>
      new VtepError('ERR_VTEP_DAEMON', `the vtep daemon on ${path} ended the stream`, { errno: 'EPIPE' });
    const closed = new Promise<void>((done, fail) => {
      response.once('close', () => (byUs ? done() : (fail(gone()), reject(gone()))));
    });
    closed.catch(() => {}); // A caller that does not wait for the end must not die of it.
    response.on('error', () => {}); // 'close' follows.
    const close = (): void => {
      byUs = true;
      response.destroy();
    };
    readLines(response, (line) => {
      const event = JSON.parse(line) as MonitorEvent | { type: 'hello' };
      if (event.type === 'hello') resolve({ closed, close });
      else onEvent(event);
    });
  });
}

/**
 * GET /v1/monitor: events as they happen, one JSON value a line.
 *
 * A reader that does not keep up loses events rather than the daemon memory: while the socket is full nothing is
 * queued, only counted, and once it drains one line says how many were lost.
 */
import type { ServerResponse } from 'node:http';
import type { VtepEvent } from '../../engine/types.js';
import { EVENT_TYPES, type EventType } from '../client.js';
import { argument } from '../validate.js';
import type { Api, ApiContext } from './context.js';
import { MonitorQuery } from './schemas.js';

/** Bytes a slow reader may have waiting before events are dropped. */
const BACKLOG = 256 * 1024;

/**
 * The event types of a query.
 * @throws {VtepError} ERR_VTEP_ARGUMENT for a word that is none
 */
export function eventTypes(text: string | undefined): ReadonlySet<EventType> {
  const words = (text ?? '').split(',').filter((word) => word !== '' && word !== 'all');
  for (const word of words) {
    if (!EVENT_TYPES.includes(word as EventType)) {
      throw argument(word, `"${word}" is no type of event; expected ${EVENT_TYPES.join(', ')}`);
    }
  }
  return new Set(words.length === 0 ? EVENT_TYPES : (words as EventType[]));
}

/** Writes events to a response; returns the listener to subscribe. */
export function eventWriter(out: ServerResponse, types: ReadonlySet<EventType>): (event: VtepEvent) => void {
  let lost = 0;
  const line = (value: unknown): void => void out.write(`${JSON.stringify(value)}\n`);
  out.on('drain', () => {
    if (lost > 0) line({ type: 'lost', count: lost });
    lost = 0;
  });
  return (event) => {
    if (!types.has(event.type)) return;
    // After a loss nothing is written until 'drain', so that the count stands where the gap is.
    if (lost > 0 || out.writableLength > BACKLOG) lost++;
    else line(event);
  };
}

export function monitorEndpoint(api: Api, context: ApiContext): void {
  const schema = {
    tags: ['monitor'],
    summary: 'Events as JSON lines',
    description: 'First line {"type":"hello"}; {"type":"lost","count":n} where a slow reader missed events.',
    querystring: MonitorQuery,
    produces: ['application/x-ndjson'],
  };
  api.get('/v1/monitor', { schema }, (request, reply) => {
    const types = eventTypes(request.query.types);
    reply.hijack();
    const out = reply.raw;
    out.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    const unsubscribe = context.engine.subscribe(eventWriter(out, types));
    out.on('close', unsubscribe);
    out.on('error', () => {}); // The reader is gone: 'close' follows.
    out.write('{"type":"hello"}\n');
  });
}

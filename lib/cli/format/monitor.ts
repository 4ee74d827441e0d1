/**
 * Events as `ip monitor` and `bridge monitor` print them:
 *
 *   [LINK]4: vtep0: <BROADCAST,MULTICAST> mtu 1450 state DOWN group default \n    link/ether …
 *   [FDB]Deleted e6:4b:f9:ce:d7:7b dev vtep0 dst 192.168.100.3 self permanent
 *   [NEIGH]10.20.1.3 dev vtep0 lladdr e6:4b:f9:ce:d7:7b PERMANENT
 *   [NEXTHOP]id 101 group 61/62 fdb
 *   [MISS]miss 10.20.1.3 dev vtep0 STALE
 *   [MISS]miss dev vtep0 lladdr e6:4b:f9:ce:d7:7b STALE
 */
import type { MonitorEvent } from '../../control/client.js';
import { netdevOf } from '../netdev.js';
import { fdbJson, fdbLine } from './fdb.js';
import { addressText, headText, linkJson } from './link.js';
import { mdbJson, mdbLine } from './mdb.js';
import { neighJson, neighLine } from './neigh.js';
import { nexthopJson, nexthopLine } from './nexthop.js';
import { routeJson, routeLine } from './route.js';
import { vniJson, vniLines } from './vni.js';

type Loss = { type: 'lost'; count: number };
type Event = Exclude<MonitorEvent, Loss>;

function eventText(event: Event): string {
  if (event.type === 'nexthop') return nexthopLine(event.entry, false);
  const { dev } = event;
  switch (event.type) {
    case 'link':
      return `${headText(event.link, netdevOf(event.link))} group default \n${addressText(event.link)}`;
    case 'fdb':
      return fdbLine(event.entry, event.remote, dev);
    case 'mdb':
      return mdbLine(event.entry, event.remote, dev, { details: false });
    case 'neigh':
      return neighLine(event.entry, { dev });
    case 'route':
      return routeLine(event.entry, { dev });
    case 'vni':
      return vniLines(dev, [event.entry]).join('\n');
    case 'miss':
      return event.layer === 3
        ? `miss ${event.dst} dev ${dev} STALE `
        : `miss dev ${dev} lladdr ${event.lladdr} STALE `;
  }
}

/** `Mon Nov 23 08:10:57 2026`, local time, as ctime(3). */
function ctime(at: Date): string {
  const [day, month, date, year] = at.toDateString().split(' ');
  return `${day} ${month} ${String(Number(date)).padStart(2)} ${at.toTimeString().slice(0, 8)} ${year}`;
}

/** `2026-11-23T08:10:57`, local time. */
function localIso(at: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${at.toTimeString().slice(0, 8)}`;
}

/**
 * What -t and -ts put before an event.
 * @param now microseconds since the epoch
 */
export function timestampText(kind: 'long' | 'short' | undefined, now: number): string {
  if (kind === undefined) return '';
  const at = new Date(Math.trunc(now / 1000));
  const usec = Math.trunc(now % 1_000_000);
  if (kind === 'long') return `Timestamp: ${ctime(at)} ${String(usec).padStart(6, '0')} usec\n`;
  return `[${localIso(at)}.${String(usec).padStart(6, '0')}] `;
}

/** An event as text; a label such as [FDB] and `Deleted ` before it. */
export function monitorText(event: MonitorEvent, labelled: boolean): string {
  if (event.type === 'lost')
    return `${labelled ? '[LOST]' : ''}${event.count} events were lost: too slow a reader`;
  const deleted = event.type !== 'miss' && event.action === 'del' ? 'Deleted ' : '';
  return `${labelled ? `[${event.type.toUpperCase()}]` : ''}${deleted}${eventText(event)}`;
}

function eventJson(event: Event): Record<string, unknown> {
  if (event.type === 'nexthop') return nexthopJson(event.entry, false);
  const { dev } = event;
  switch (event.type) {
    case 'link':
      return linkJson(event.link, netdevOf(event.link), false);
    case 'fdb':
      return fdbJson(event.entry, event.remote, dev);
    case 'mdb':
      return mdbJson(event.entry, event.remote, dev, { details: false });
    case 'neigh':
      return neighJson(event.entry, { dev });
    case 'route':
      return routeJson(event.entry, { dev });
    case 'vni':
      return vniJson(dev, [event.entry]);
    case 'miss': {
      const what = event.layer === 3 ? { dst: event.dst, dev } : { dev, lladdr: event.lladdr };
      return { layer: event.layer, ...what, state: ['STALE'] };
    }
  }
}

/**
 * An event as one JSON object: `event` and, for one that went, `deleted`, then the keys of the `show` command.
 * @param time ISO 8601, when -t was given
 */
export function monitorJson(event: MonitorEvent, time?: string): Record<string, unknown> {
  if (event.type === 'lost') return { timestamp: time, event: 'lost', count: event.count };
  const deleted = event.type !== 'miss' && event.action === 'del' ? true : undefined;
  return { timestamp: time, event: event.type, deleted, ...eventJson(event) };
}

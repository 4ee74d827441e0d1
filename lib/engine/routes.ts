/**
 * The verbs of `ip route` on a VTEP's own route table, which `rsc` reads before the neighbour table. Own routes and
 * mirrored ones as in neighbours.ts.
 */
import { VtepError } from '../errors.js';
import { ROUTE_ONLINK, ROUTE_ORIGIN_KERNEL, ROUTE_ORIGIN_OWN, type RouteTable } from '../table/route.js';
import { formatAddress } from '../wire/text.js';
import type { RouteTableApi } from './api.js';
import type { TableContext } from './context.js';
import type { RouteEntry, RouteRequest } from './types.js';
import { addressWords, familyOf, isGroup } from './words.js';

interface Prefix {
  words: Int32Array;
  length: number;
  family: 4 | 6;
}

export class Routes implements RouteTableApi {
  readonly #table: RouteTable;
  readonly #context: TableContext;
  /** Mirrored routes that an own one stands in front of, by prefix. */
  readonly #hidden = new Map<string, Omit<RouteEntry, 'origin'>>();

  constructor(table: RouteTable, context: TableContext) {
    this.#table = table;
    this.#context = context;
  }

  set(request: RouteRequest): void {
    const prefix = parsePrefix(request.dst);
    if (request.verb === 'add' && this.#find(prefix, ROUTE_ORIGIN_OWN) >= 0) {
      throw new VtepError('ERR_VTEP_EXISTS', `File exists: ${request.dst} has a route; use replace`, {
        errno: 'EEXIST',
        word: request.dst,
      });
    }
    const mirrored = this.#find(prefix, ROUTE_ORIGIN_KERNEL);
    const hidden = mirrored < 0 ? undefined : this.#describe(mirrored);
    this.#put(prefix, request, ROUTE_ORIGIN_OWN);
    if (hidden !== undefined) this.#hidden.set(hidden.dst, hidden);
  }

  delete(dst: string): void {
    const entry = this.#find(parsePrefix(dst), ROUTE_ORIGIN_OWN);
    if (entry < 0) {
      throw new VtepError('ERR_VTEP_NO_ENTRY', `No such process: ${dst} has no route of this VTEP's own`, {
        errno: 'ESRCH',
        word: dst,
      });
    }
    this.#removeOwn(entry);
  }

  flush(): number {
    let flushed = 0;
    for (const entry of this.#table.entries()) {
      if ((this.#table.flags(entry) & ROUTE_ORIGIN_OWN) === 0) continue;
      this.#removeOwn(entry);
      flushed++;
    }
    return flushed;
  }

  lookup(address: string): RouteEntry | undefined {
    const [a0, a1, a2, a3] = addressWords(address, 'address');
    const entry = this.#table.lookup(a0, a1, a2, a3);
    return entry < 0 ? undefined : this.#describe(entry);
  }

  list(): RouteEntry[] {
    return Array.from(this.#table.entries(), (entry) => this.#describe(entry));
  }

  mirror(entry: Omit<RouteEntry, 'origin'>): void {
    const prefix = parsePrefix(entry.dst);
    const own = this.#find(prefix, ROUTE_ORIGIN_OWN);
    if (own >= 0) this.#hidden.set(this.#describe(own).dst, entry);
    else this.#put(prefix, entry, ROUTE_ORIGIN_KERNEL);
  }

  unmirror(dst: string): void {
    const prefix = parsePrefix(dst);
    this.#hidden.delete(`${formatAddress(prefix.words)}/${prefix.length}`);
    const entry = this.#find(prefix, ROUTE_ORIGIN_KERNEL);
    if (entry >= 0) this.#remove(entry);
  }

  #put(prefix: Prefix, request: { dst: string; via?: string; onlink?: boolean }, origin: number): void {
    const via = request.via === undefined ? new Int32Array(4) : addressWords(request.via, 'via');
    if (request.via !== undefined && (familyOf(via) !== prefix.family || isGroup(via))) {
      throw new VtepError(
        'ERR_VTEP_ARGUMENT',
        `via "${request.via}": expected a unicast IPv${prefix.family} address`,
        {
          errno: 'EINVAL',
          word: request.via,
        },
      );
    }
    const [p0, p1, p2, p3] = prefix.words;
    const flags = origin | (request.onlink === true ? ROUTE_ONLINK : 0);
    const entry = this.#table.set(
      p0,
      p1,
      p2,
      p3,
      prefix.length,
      prefix.family,
      via[0],
      via[1],
      via[2],
      via[3],
      flags,
    );
    if (entry < 0) {
      throw new VtepError(
        'ERR_VTEP_LIMIT',
        `No space left on device: the route table is full at ${this.#table.limit} entries`,
        {
          errno: 'ENOSPC',
        },
      );
    }
    const route = this.#describe(entry);
    this.#context.emit({ type: 'route', action: 'new', dev: this.#context.dev, entry: route });
  }

  /** What the own route hid comes to light. */
  #removeOwn(entry: number): void {
    const { dst } = this.#describe(entry);
    const hidden = this.#hidden.get(dst);
    this.#hidden.delete(dst);
    this.#remove(entry);
    if (hidden !== undefined) this.#put(parsePrefix(dst), hidden, ROUTE_ORIGIN_KERNEL);
  }

  #remove(entry: number): void {
    const described = this.#describe(entry);
    this.#table.remove(entry);
    this.#context.emit({ type: 'route', action: 'del', dev: this.#context.dev, entry: described });
  }

  #find(prefix: Prefix, origin: number): number {
    const [p0, p1, p2, p3] = prefix.words;
    const entry = this.#table.find(p0, p1, p2, p3, prefix.length, prefix.family);
    return entry >= 0 && (this.#table.flags(entry) & origin) !== 0 ? entry : -1;
  }

  #describe(entry: number): RouteEntry {
    const table = this.#table;
    const prefix = Int32Array.of(
      table.prefix0(entry),
      table.prefix1(entry),
      table.prefix2(entry),
      table.prefix3(entry),
    );
    const via = Int32Array.of(
      table.nextHop0(entry),
      table.nextHop1(entry),
      table.nextHop2(entry),
      table.nextHop3(entry),
    );
    const flags = table.flags(entry);
    return {
      dst: `${formatAddress(prefix)}/${table.length(entry)}`,
      ...(via.some((word) => word !== 0) ? { via: formatAddress(via) } : {}),
      onlink: (flags & ROUTE_ONLINK) !== 0,
      origin: (flags & ROUTE_ORIGIN_OWN) !== 0 ? 'own' : 'kernel',
    };
  }
}

/** Reads "10.20.2.0/24" or "fd00::/64", or a bare address as a host's; ERR_VTEP_ARGUMENT for what is not canonical. */
function parsePrefix(text: string): Prefix {
  const [address, bits, ...rest] = text.split('/');
  const words = addressWords(address, 'prefix');
  const family = familyOf(words);
  const width = family === 4 ? 32 : 128;
  const length = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  if (rest.length > 0 || length < 0 || length > width) {
    throw new VtepError('ERR_VTEP_ARGUMENT', `prefix "${text}": expected a length from 0 to ${width}`, {
      errno: 'EINVAL',
      word: text,
    });
  }
  if (hasHostBits(words, family === 4 ? length + 96 : length)) {
    throw new VtepError('ERR_VTEP_ARGUMENT', `Invalid prefix "${text}": bits beyond /${length} are set`, {
      errno: 'EINVAL',
      word: text,
    });
  }
  return { words, length, family };
}

/** True when a bit beyond the first `length` of 128 is set. */
function hasHostBits(words: Int32Array, length: number): boolean {
  return words.some((word, i) => {
    const kept = Math.min(32, Math.max(0, length - 32 * i));
    return kept === 32 ? false : (word & (0xffffffff >>> kept)) !== 0;
  });
}

/** What the endpoints work on. */
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { EngineApi, VtepApi } from '../../engine/api.js';
import { VtepError } from '../../errors.js';
import type { DaemonInfo } from '../client.js';
import type { Names } from '../names/names.js';

/** Counters that belong to no device. */
export interface HostCounters {
  /** Datagrams dropped before a device was known, by reason. */
  unclaimed(): Record<string, number>;
  /** Records (learned MACs, misses) that workers could not post because control was behind. */
  readonly recordsDropped: number;
}

export interface ApiContext {
  engine: EngineApi;
  /** What GET /v1/daemon answers. */
  info(): DaemonInfo;
  /** Begins to stop the daemon; returns at once. */
  stop(): void;
  /** DNS names that destinations were given by. */
  names: Names;
  /** Absent parts are not shown. */
  host?: Partial<HostCounters>;
}

/** Fastify with types taken from the TypeBox schemas. The provider is a type only: nothing is loaded for it. */
export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/**
 * The VTEP of a name.
 * @throws {VtepError} ERR_VTEP_NO_DEVICE, in the words of `ip`
 */
export function vtepOf(context: ApiContext, dev: string): VtepApi {
  const vtep = context.engine.get(dev);
  if (vtep) return vtep;
  throw new VtepError('ERR_VTEP_NO_DEVICE', `Cannot find device "${dev}"`, { errno: 'ENODEV', word: dev });
}

/** Public API of uvtep: re-exports only. */
export { VtepError, type VtepErrorCode } from './errors.js';
export type {
  EngineApi,
  ForwardingDatabase,
  MulticastDatabase,
  NeighbourTableApi,
  NexthopTableApi,
  RouteTableApi,
  VtepApi,
} from './engine/api.js';
export { Engine, type EngineOptions } from './engine/engine.js';
export { MemorySystem } from './engine/memory-system.js';
export { openNativeEngine, type NativeEngineOptions } from './engine/native-engine.js';
export type { System } from './engine/system.js';
export type * from './engine/types.js';
export { load as loadShim } from './native/load.js';
export type { Shim } from './native/shim.js';
export { Capture, CaptureReceivePort, CaptureTransmitPort, type LinkType } from './port/capture-port.js';
export { type FaultCounts, FaultPort, type Faults } from './port/fault-port.js';
export type { Datagram } from './port/memory-port.js';
export type { ReceivePort, TransmitPort } from './port/port.js';
export { formatAddress, formatMac, parseAddress, parseMac } from './wire/text.js';

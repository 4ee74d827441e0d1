/**
 * What a VTEP may stand on: anything but itself. The kernel keeps lists of upper and lower devices and refuses a circle in them
 * (netdev_upper_dev_link); of ours it does not know what VTEPs stand on.
 */
import { VtepError } from '../errors.js';
import type { System, Tap } from './system.js';
import type { UnderlayNamespace } from './underlay-namespaces.js';
import type { VtepHost } from './vtep-host.js';
import type { Vtep } from './vtep.js';

/** What the VTEPs of the engine's own namespace stand on there, index to index. */
export function stackedOn(
  lowerOf: ReadonlyMap<Vtep, UnderlayNamespace>,
  { number, system }: UnderlayNamespace,
): Map<number, number> {
  const stacked = new Map<number, number>();
  for (const [vtep, lower] of lowerOf) {
    const { dev, away } = vtep.state();
    if (dev !== undefined && !away && lower.number === number) stacked.set(vtep.ifindex, system.indexOf(dev));
  }
  return stacked;
}

/**
 * Refuses a lower device that is the VTEP's own interface, or stands on it.
 * @param ifindex the interface among those of `system`; 0 = it is not there
 * @throws {VtepError} ERR_VTEP_ARGUMENT, EBUSY
 */
export function refuseCircle(
  [name, ifindex]: readonly [string, number],
  dev: string | undefined,
  system: System,
  stacked: () => ReadonlyMap<number, number>,
): void {
  if (dev === undefined || ifindex === 0) return;
  if (!system.standsOn(system.indexOf(dev), ifindex, stacked())) return;
  const how = dev === name ? `${dev} cannot be its own lower device` : `${dev} stands on ${name}`;
  throw new VtepError('ERR_VTEP_ARGUMENT', `Device or resource busy: ${how}; choose another dev`, {
    errno: 'EBUSY',
    word: dev,
  });
}

/** As refuseCircle, for a VTEP that has its interface. */
export function checkStack(tap: Tap, dev: string | undefined, host: VtepHost): void {
  if (dev === undefined) return;
  refuseCircle([tap.name, indexInUnderlay(tap, host)], dev, host.lower.system, () => host.stacked());
}

/** Index of a TAP among the interfaces that its VTEP's underlay sees; 0 when it is none of them. */
function indexInUnderlay(tap: Tap, { system, lower }: VtepHost): number {
  if (!tap.away) return lower.number === 0 ? tap.ifindex : 0;
  const look = system.look?.(tap);
  return typeof look === 'object' && look.netns === lower.system.netns ? look.ifindex : 0;
}

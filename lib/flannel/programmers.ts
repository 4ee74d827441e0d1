/** The programmer of a mode. */
import type { Client } from '../control/client.js';
import type { Log } from '../control/log.js';
import type { ListenShim } from '../native/netlink/listen.js';
import type { FlannelDevice } from './device.js';
import type { Host } from './host.js';
import { MissProgrammer } from './miss-programmer.js';
import type { Mode } from './options.js';
import type { Programmer } from './programmer.js';
import { StaticProgrammer } from './static-programmer.js';

interface Family {
  device: FlannelDevice;
  subnetLength: number;
}

export interface ProgrammerParts {
  mode: Mode;
  client: Client;
  host: Host;
  shim: ListenShim;
  log: Log;
  directRouting: boolean;
  ipv4?: Family;
  ipv6?: Family;
}

export function programmerFor({ mode, ...parts }: ProgrammerParts): Programmer {
  if (mode === 'static') return new StaticProgrammer(parts);
  return new MissProgrammer({ ...parts, fdbAhead: mode === 'neigh-miss' });
}

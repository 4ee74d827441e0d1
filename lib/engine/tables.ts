/** The tables of one VTEP, made by their writer, with growth announced to every reader. */
import type { DeviceTables } from '../dataplane/device.js';
import type { Advise } from '../memory/shared-words.js';
import { FdbTable } from '../table/fdb.js';
import { MOST_ENTRIES } from '../table/hash-table.js';
import { MdbTable } from '../table/mdb.js';
import { NeighbourTable } from '../table/neighbour.js';
import { RemoteLists } from '../table/remote-list.js';
import { RemoteTable } from '../table/remote.js';
import { RouteTable } from '../table/route.js';
import type { Dataplane } from './dataplane.js';
import type { TableShares } from './messages.js';

/**
 * @param limit greatest number of FDB entries, 0 = no limit, as is more than a table holds
 * @param advise told of large buffers
 */
export function makeTables(
  index: number,
  limit: number,
  dataplane: Dataplane,
  advise?: Advise,
): DeviceTables {
  const { epochs } = dataplane;
  const grown =
    <T extends keyof TableShares>(table: T) =>
    (share: TableShares[T]) => {
      for (let worker = 0; worker < dataplane.workers; worker++) {
        dataplane.post(worker, { kind: 'share', index, table, share } as Parameters<Dataplane['post']>[1]);
      }
    };
  return {
    fdb: new FdbTable({ limit: Math.min(limit, MOST_ENTRIES), epochs, advise, onGrow: grown('fdb') }),
    remotes: new RemoteTable({ epochs, onGrow: grown('remotes') }),
    lists: new RemoteLists({ epochs, onGrow: grown('lists') }),
    mdb: new MdbTable({ epochs, onGrow: grown('mdb') }),
    neighbours: new NeighbourTable({ epochs, advise, onGrow: grown('neighbours') }),
    routes: new RouteTable({ epochs, advise, onGrow: grown('routes') }),
  };
}

export function shareTables(tables: DeviceTables): TableShares {
  return {
    fdb: tables.fdb.share(),
    remotes: tables.remotes.share(),
    lists: tables.lists.share(),
    mdb: tables.mdb.share(),
    neighbours: tables.neighbours.share(),
    routes: tables.routes.share(),
  };
}

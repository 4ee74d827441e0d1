/** Choosing one member of a nexthop group for a flow (kernel: nexthop_select_path_fdb). */
import { CHOICE, type RemoteLists } from '../table/remote-list.js';

/**
 * The remote of a flow, by the group's bounds (engine/fdb-groups.ts lays them out).
 * @param word remotes word of an FDB entry that refers to a group
 */
export function chooseMember(lists: RemoteLists, word: number, hash: number): number {
  const id = word & ~CHOICE;
  const last = lists.length(id) - 2;
  const point = hash >>> 1;
  let at = 0;
  while (at < last && point > lists.at(id, at)) at += 2;
  return lists.at(id, at + 1);
}

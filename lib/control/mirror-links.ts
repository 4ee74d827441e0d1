/** What happens to a VTEP's interface from outside (`ip link set vtep0 …`), told to the VTEP. */
import type { LinkNotice } from '../engine/api.js';
import type { LinkState } from '../engine/types.js';
import type { LinkInfo } from '../native/netlink/link.js';
import { macText } from './address.js';

/** What differs between an interface and what its VTEP believes; undefined when nothing does. */
export function differences(link: LinkInfo, state: LinkState): LinkNotice | undefined {
  const notice: LinkNotice = {};
  const address = macText(link.mac);
  if (link.up !== state.up) notice.up = link.up;
  if (link.mac.length === 6 && address !== state.address) notice.address = address;
  if (link.mtu !== state.mtu) notice.mtu = link.mtu;
  if (link.bridged !== state.bridged) notice.bridged = link.bridged;
  if (link.name !== state.name) notice.name = link.name;
  return Object.keys(notice).length > 0 ? notice : undefined;
}

/**
 * Many VNIs on one TAP (`external vnifilter`): 802.1Q tags name them, as a VLAN-aware bridge with `vlan_tunnel` does for
 * the kernel's device (br_handle_egress_vlan_tunnel, br_handle_ingress_vlan_tunnel).
 *
 *   TAP    | MACs 12 | 0x8100, VLAN 10 | type | payload        one device, the trunk
 *                     \       |        /
 *   UDP    | VXLAN, VNI 100 | MACs 12 | type | payload         a device a VNI, its members
 *
 * To the data plane each VNI is a device of its own, with counters of its own and the trunk's tables, whose keys hold the
 * VNI: nothing between here and the socket knows of tags, and a worker without trunks never gets here.
 *
 * A tag goes by moving the MACs up over it, and comes by moving them down, over the VXLAN header of a received frame or
 * the consumed virtio header of one that was sent. The priority in it is kept nowhere, as in the kernel. A frame that has a
 * tag inside VXLAN gets a second one (the kernel's bridge takes the one inside for its own, and the frame for its VLAN's).
 */
import * as batch from '../memory/batch.js';
import { type Batch, cell } from '../memory/batch.js';
import type { Slab } from '../memory/slab.js';
import * as ethernet from '../wire/ethernet.js';
import * as vlan from '../wire/vlan.js';
import type { Device } from './device.js';
import { drop } from './output.js';
import * as reasons from './reasons.js';

/* NB: constants of this module's own, see encap.ts. */
const { CSUM, DEVICE, LENGTH, OFFLOAD, OFFSET, STATUS, NEEDS_CSUM } = batch;
const { TYPE, TYPE_VLAN } = ethernet;
const ETHERNET_BYTES = ethernet.HEADER_BYTES;
const { TAG_BYTES, TCI } = vlan;

const VLANS = 4_096;
/** No VNI has this VLAN; and, in a batch, the frame ends here. */
const NONE = -1;

/** The members of a new trunk, by VLAN: none yet. VLAN 0 is that of frames without a tag. */
export function noMembers(): Int32Array {
  return new Int32Array(VLANS).fill(NONE);
}

/** Takes VLAN and member apart. */
export function removeMember(members: Int32Array, index: number): void {
  for (let id = 0; id < VLANS; id++) if (members[id] === index) members[id] = NONE;
}

/**
 * Takes the tags off frames received from a trunk's TAP, and writes into the DEVICE column whose they are: a member's
 * number, or a negative one where the frame ended here, counted.
 */
export function takeTags(slab: Slab, rx: Batch, trunk: Device, members: Int32Array): void {
  const { bytes, view } = slab;
  const w = rx.words;
  const c = rx.capacity;
  for (let i = 0; i < rx.length; i++) {
    const offset = w[cell(OFFSET, c, i)];
    const length = w[cell(LENGTH, c, i)];
    const isTagged = length >= ETHERNET_BYTES && view.getUint16(offset + TYPE) === TYPE_VLAN;
    let member = NONE;
    if (w[cell(STATUS, c, i)] !== 0) {
      drop(trunk, reasons.TX_TOO_BIG);
    } else if (length < ETHERNET_BYTES + (isTagged ? TAG_BYTES : 0)) {
      drop(trunk, reasons.TX_FRAME_TOO_SMALL);
    } else {
      member = members[isTagged ? vlan.vlanId(bytes, offset + TYPE) : 0];
      if (member < 0) drop(trunk, reasons.TX_NO_VNI);
      else if (isTagged) shift(slab, rx, i, TAG_BYTES);
    }
    w[cell(DEVICE, c, i)] = member;
  }
}

/** Puts tags on the frames that go up at members. */
export function putTags(slab: Slab, up: Batch, devices: readonly (Device | undefined)[]): void {
  const { view } = slab;
  const w = up.words;
  const c = up.capacity;
  for (let j = 0; j < up.length; j++) {
    const id = devices[w[cell(DEVICE, c, j)]]!.vlan;
    if (id === 0) continue;
    shift(slab, up, j, -TAG_BYTES);
    const tag = w[cell(OFFSET, c, j)] + TYPE;
    view.setUint16(tag, TYPE_VLAN);
    view.setUint16(tag + TCI, id);
  }
}

/**
 * Undoes putTags, once the frames are written: octets are counted without tags, and a frame for several destinations goes
 * on to the others as it was.
 */
export function undoTags(slab: Slab, up: Batch, devices: readonly (Device | undefined)[]): void {
  const w = up.words;
  const c = up.capacity;
  for (let j = 0; j < up.length; j++) {
    if (devices[w[cell(DEVICE, c, j)]]!.vlan !== 0) shift(slab, up, j, TAG_BYTES);
  }
}

/** Moves the MACs of entry `i` by `octets`, and with them where the frame begins and where its checksum starts. */
function shift(slab: Slab, frames: Batch, i: number, octets: number): void {
  const { view } = slab;
  const w = frames.words;
  const c = frames.capacity;
  const from = w[cell(OFFSET, c, i)];
  const to = from + octets;
  const first = view.getInt32(from);
  const second = view.getInt32(from + 4);
  const third = view.getInt32(from + 8);
  view.setInt32(to, first);
  view.setInt32(to + 4, second);
  view.setInt32(to + 8, third);
  w[cell(OFFSET, c, i)] = to;
  w[cell(LENGTH, c, i)] -= octets;
  // The start is the low half of the word; a request whose checksum would start within the tag is refused further on.
  if ((w[cell(OFFLOAD, c, i)] & NEEDS_CSUM) !== 0) {
    const word = w[cell(CSUM, c, i)];
    w[cell(CSUM, c, i)] = (word & ~0xffff) | ((word - octets) & 0xffff);
  }
}

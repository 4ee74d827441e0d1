/**
 * What a worker tells the control thread: fixed-size records on its ring (memory/ring.ts), sixteen words each.
 *
 *   word  LEARN, MOVE, ROAM         L2_MISS       L3_MISS       TOO_BIG                  NEIGHBOUR
 *   0     kind                      kind          kind          kind                     kind
 *   1     device                    device        device        device                   device
 *   2     inner source MAC, high    MAC, high     0             0                        MAC, high
 *   3     inner source MAC, low     MAC, low      0             0                        MAC, low
 *   4     VNI                       VNI           VNI           VNI                      VNI
 *   5-8   outer source address      0             address       outer destination        its IP address
 *   9     arrival interface, or 0   0             0             egress interface, or 0   flags, state << 8
 *   10    outer source port, or 0   0             0             0                        0
 *
 * A full ring drops the record and counts it: that is the rate limit a flood of new MACs meets.
 */

export const KIND = 0;
export const RECORD_DEVICE = 1;
export const RECORD_MAC_HIGH = 2;
export const RECORD_MAC_LOW = 3;
export const RECORD_VNI = 4;
export const RECORD_ADDRESS0 = 5;
export const RECORD_IFINDEX = 9;
/** Only of a device with LEARN_PORT: others keep the port an entry has. */
export const RECORD_PORT = 10;
/** Of a NEIGHBOUR, in the place of the interface: NTF_ROUTER and SNOOPED_HERE, and NUD_* in the octet above. */
export const RECORD_FLAGS = RECORD_IFINDEX;

export const LEARN = 1;
export const MOVE = 2;
export const L2_MISS = 3;
export const L3_MISS = 4;
/** The system refused a datagram as too big for its path: time to ask for the path's MTU. */
export const TOO_BIG = 5;
/** As MOVE, but the address is the same and the port another. */
export const ROAM = 6;
/** ARP or neighbor discovery told who has an address. */
export const NEIGHBOUR = 7;

/**
 * virtio-net header (virtio 1.2, section 5.1.6; include/uapi/linux/virtio_net.h), in front of every frame of a TAP
 * opened with IFF_VNET_HDR
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |     flags     |   gso_type    |            hdr_len            |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |           gso_size            |          csum_start           |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |          csum_offset          |   num_buffers (12-byte form)  |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * The 16-bit fields are in the *host's* byte order (little-endian on every machine supported here), unlike
 * everything else in this folder. native-shim turns the header into the columns of a batch and back, so that
 * the data plane never sees it; these offsets are for who reads the shim's output.
 */
export const FLAGS = 0;
export const GSO_TYPE = 1;
/** Octets of all headers in front of the payload; a hint. */
export const HEADER_LENGTH = 2;
/** Payload octets of each segment. */
export const GSO_SIZE = 4;
/** Where the checksum starts, from the frame's first octet; the field is at CSUM_START + CSUM_OFFSET. */
export const CSUM_START = 6;
export const CSUM_OFFSET = 8;
export const NUM_BUFFERS = 10;

export const HEADER_BYTES = 10;
export const MERGEABLE_HEADER_BYTES = 12;

/** flags: the checksum field holds the pseudo-header's sum and wants finishing. */
export const FLAG_NEEDS_CSUM = 1;
/** flags: the checksum was verified. */
export const FLAG_DATA_VALID = 2;

/** gso_type values; GSO_ECN is or-ed to a TCP type. */
export const GSO_NONE = 0;
export const GSO_TCPV4 = 1;
export const GSO_TCPV6 = 4;
export const GSO_UDP_L4 = 5;
export const GSO_ECN = 0x80;

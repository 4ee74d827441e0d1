/*
 * Coalescing: what a NIC with GRO and receive checksum offload does, for frames about to be written to a TAP.
 * Consecutive TCP segments, and equal-size UDP datagrams, of one flow become one super-frame and one write.
 *
 *   arrivals   a0  b0  a1  a2  x  b1  a3       (a, b: flows; x: anything else)
 *   items      [a0 a1 a2 a3] [b0 b1] [x]       in order of each item's first frame
 *
 *   one item as iovecs:  | vnet header | headers of a0, patched, in scratch | payload a0 | payload a1 | ...
 *
 * Frames of one flow are never reordered: one that cannot join closes its flow's item and begins another. A
 * frame that is not joined is written as it is, octet for octet. Kernel counterparts: dev_gro_receive,
 * inet_gro_receive, ipv6_gro_receive, tcp_gro_receive, udp_gro_receive, inet_gro_flush.
 *
 * A frame joins the open item of its flow when all of this holds:
 *   - same queue, Ethernet header with tag, addresses, ports; same TOS or traffic class and flow label, TTL, DF; no
 *     IP options, no extension headers, no fragment, no padding behind the IP packet
 *   - IPv4 ids count up by one, or (with DF, decided by the second frame) all are equal
 *   - its checksum was verified here, or is unfinished (see below); a wrong one goes alone, as it is, so
 *     that the receiver's stack counts it
 *   - TCP: payload follows by sequence number; ACK, window and options equal; flags equal but for PSH,
 *     which closes the item, and CWR, which only the first may have; no SYN, FIN, RST, URG
 *   - UDP: checksum not 0
 *   - payload not longer than the first one's; a shorter one closes the item
 *   - IP packet <= 65,535 octets, <= COALESCE_JOIN frames (UDP: COALESCE_JOIN_UDP)
 *
 * Unfinished checksums. A kernel vxlan peer over veth hands over frames whose inner checksum was left to a NIC
 * that is not there: the field holds the folded pseudo-header sum, and the inner frame may be up to 64 KiB. Such a
 * frame is announced with NEEDS_CSUM, and, when it is TCP and larger than the MTU, with a gso_type and the
 * gso_size that fits the MTU (also when its checksum is final). The octets stay as they came. No sum over the payload
 * is needed to decide this: where the field equals the pseudo-header sum, finishing the checksum gives the right value
 * whether or not it happened to be final already. A UDP frame larger than the MTU stays one datagram: nothing in it tells
 * where a kernel's USO would have cut.
 */
#ifndef VTEP_COALESCE_H
#define VTEP_COALESCE_H

#include <stdint.h>
#include <sys/uio.h>

#include "segment.h"

/** Frames coalesce_frames() takes in one call. Longer bursts: call again, and write the items in between. */
#define COALESCE_ARRIVALS 1024

/** Frames in one item. 64 KiB are 46 segments of 1,450-octet frames and 122 of a 536-octet MSS. */
#define COALESCE_JOIN 128
/** UDP_MAX_SEGMENTS of kernels before 6.9. */
#define COALESCE_JOIN_UDP 64

/** Iovecs of the longest item: virtio-net header, frame headers, payloads. */
#define COALESCE_IOVECS (2 + COALESCE_JOIN)

/** Flows that may be open at a time; one more closes the oldest. */
#define COALESCE_FLOWS 16

/** Octets of a virtio-net header without num_buffers, as IFF_VNET_HDR has it by default. */
#define VNET_BYTES 10

/** End of a chain of arrivals. */
#define COALESCE_END 0xffffffffu

/** What may be joined. */
#define COALESCE_TCP 1
#define COALESCE_UDP 2 /* only on a queue that has TUN_F_USO4 and TUN_F_USO6 */

/** A frame to be written. */
struct arrival {
  const uint8_t *frame;   /* Ethernet header first; must stay in place until the item is written */
  uint32_t length;        /* octets; every one may be read */
  int32_t queue;          /* the TAP queue's descriptor: an opaque key here */
  uint16_t mtu;           /* of the device, 0 = not known (then nothing is announced as larger) */
  uint8_t modes;          /* COALESCE_* this queue can take; 0 = write it by itself */
  struct offload offload; /* { 0 } for a frame off the wire. Else (a frame of another TAP, not segmented) it
                             is checked against the headers and handed on as it is, by itself; a contradiction
                             is cleared */
};

/** One write. */
struct item {
  uint8_t vnet[VNET_BYTES]; /* virtio-net header, little-endian; all zero = nothing to announce */
  uint16_t count;           /* frames joined, >= 1 */
  int32_t queue;            /* of all its frames */
  uint32_t first;           /* arrivals: first, coalescer.next[first], ... until COALESCE_END */
  uint32_t last;
  uint32_t length;          /* octets of the frame written, without the virtio-net header */
  uint32_t header_length;   /* octets at header; 0 while count is 1: then the frame is written in place */
  const uint8_t *header;    /* patched copy in coalescer.headers */
};

/** A patched Ethernet, IP and TCP or UDP header: 22 + 40 + 60 octets at most. */
#define COALESCE_HEADER 128

/** A flow whose item may still grow. Private. */
struct open_flow {
  uint32_t hash;
  uint32_t item;
  uint32_t next_sequence; /* TCP: sequence number that continues it */
  uint32_t total;         /* octets of the IP packet so far */
  uint16_t size;          /* payload octets of the first frame */
  uint16_t network, transport, payload; /* offsets in the first frame */
  uint8_t version, protocol;
  uint8_t fixed_id; /* IPv4 ids are all equal */
};

/** Working memory of one thread, about 130 KB; needs no initialisation. Nothing is allocated. */
struct coalescer {
  uint32_t items;                          /* how many of item[] are in use */
  struct item item[COALESCE_ARRIVALS];
  uint32_t next[COALESCE_ARRIVALS];        /* chain of the arrivals of an item */
  uint16_t payload[COALESCE_ARRIVALS];     /* offset of an arrival's payload; valid in items of count > 1 */
  uint32_t headers_used;
  uint32_t flows;
  struct open_flow flow[COALESCE_FLOWS];
  uint8_t headers[COALESCE_ARRIVALS / 2 * COALESCE_HEADER];
};

/**
 * coalesce_frames() - Group frames into writes. The frames are only read.
 * @coalescer:  overwritten; items and headers are valid until the next call
 * @arrivals:   in the order they came
 * @count:      0 to COALESCE_ARRIVALS; more are not looked at
 * Return: number of items, in coalescer->item[0 .. n-1]. Every arrival is in exactly one item.
 */
uint32_t coalesce_frames(struct coalescer *coalescer, const struct arrival *arrivals, uint32_t count);

/**
 * coalesce_iovecs() - The iovecs of one write: virtio-net header, frame headers, payloads.
 * @iovecs:  COALESCE_IOVECS elements; filled from 0. Leave out the first for a queue without a vnet header (then
 *           modes must have been 0)
 * Return: how many were filled: 2 for a frame by itself, 2 + count for a joined one.
 */
int coalesce_iovecs(const struct coalescer *coalescer, const struct arrival *arrivals, const struct item *item,
                    struct iovec *iovecs);

/**
 * coalesce_alone() - The virtio-net header of a frame written by itself: for a second try when the kernel
 * answered EINVAL to a joined item (kernels with commit e269d79c7d35 but not 89add40066f9 refuse a short tail).
 */
void coalesce_alone(const struct arrival *arrival, uint8_t vnet[VNET_BYTES]);

#endif

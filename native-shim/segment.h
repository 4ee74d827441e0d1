/*
 * Segmentation: what a NIC with TSO, USO and checksum offload does on transmit. A super-frame from the TAP
 * becomes wire frames; each is described by two iovecs, so that the payload is never copied:
 *
 *   frame    | Ethernet IP TCP | payload .............................................. |
 *                                ^ gso_size ^         ^         ^
 *   piece 0  [ prefix Ethernet IP' TCP' ] -> scratch slot 0     [ payload 0 ] -> in the frame
 *   piece 1  [ prefix Ethernet IP' TCP' ] -> scratch slot 1     [ payload 1 ] -> in the frame
 *   ...
 *
 * The prefix (the 8-octet VXLAN header) is copied in front of every header, so a run of pieces is, as it
 * stands, the iovec array of one UDP_SEGMENT send: sendmsg(.msg_iov = &pieces[0].header, .msg_iovlen = 2 * n).
 *
 * Each payload octet is read once, for its checksum. Kernel counterparts: tcp_gso_segment, __udp_gso_segment,
 * inet_gso_segment, skb_checksum_help.
 */
#ifndef VTEP_SEGMENT_H
#define VTEP_SEGMENT_H

#include <stdint.h>
#include <sys/uio.h>

#include "packet.h"

/* virtio 1.2, section 5.1.6: flags and gso_type of the virtio-net header. */
#define VNET_NEEDS_CSUM 1
#define VNET_GSO_NONE 0
#define VNET_GSO_TCPV4 1
#define VNET_GSO_TCPV6 4
#define VNET_GSO_UDP_L4 5
#define VNET_GSO_ECN 0x80

/** What the virtio-net header said of a frame, in host byte order. hdr_len is left out: it is not trusted. */
struct offload {
  uint8_t flags;        /* VNET_NEEDS_CSUM; other bits are ignored */
  uint8_t gso_type;     /* VNET_GSO_*, perhaps with VNET_GSO_ECN */
  uint16_t gso_size;    /* payload octets a segment, all but the last */
  uint16_t csum_start;  /* offset from the frame where the checksum begins */
  uint16_t csum_offset; /* offset from csum_start of the checksum field */
};

/** One wire frame. `payload.iov_len` may be 0: then `header` holds all of it. */
struct piece {
  struct iovec header;  /* prefix and headers, or prefix and whole frame where the two are adjacent */
  struct iovec payload; /* in the frame, in place */
};

_Static_assert(sizeof(struct piece) == 2 * sizeof(struct iovec), "pieces are used as an iovec array");

/** Most wire frames one super-frame may become; the engine sets the TAP's gso_max_segs to it. */
#define SEGMENT_PIECES 256

/**
 * Scratch octets a piece: prefix, Ethernet, two tags, IPv6 and the longest TCP header are 8 + 122; the rest is for
 * extension headers and nested tunnels. An odd number of cache lines, so slots do not fall into one L1 set.
 */
#define SEGMENT_SLOT 192

/** Longest prefix. */
#define SEGMENT_PREFIX 64

/** Why a frame was refused. All negative; segment_reason() gives the sentence, segment_errno() the errno. */
enum segment_fault {
  /* -1 to -8: enum packet_fault */
  SEGMENT_TYPE = -16,      /* gso_type unknown, or not the protocol found in the frame */
  SEGMENT_SIZE = -17,      /* gso_size 0 */
  SEGMENT_CSUM = -18,      /* csum_start and csum_offset contradict the headers or lie outside the frame */
  SEGMENT_LENGTH = -19,    /* a super-frame longer than its IP packet */
  SEGMENT_HEADERS = -20,   /* prefix and headers exceed SEGMENT_SLOT */
  SEGMENT_TOO_MANY = -21,  /* more than SEGMENT_PIECES segments */
  SEGMENT_NO_ROOM = -22,   /* more than `room` pieces: send what is gathered, then ask again */
  SEGMENT_FLAGS = -23,     /* a TCP super-frame with SYN or RST: it has no meaning in pieces */
};

/**
 * segment_frame() - Turn one frame as read from a TAP into complete wire frames with final checksums.
 * @frame:    Ethernet header first. The only octets ever written are the two of the checksum field of a
 *            frame that needs its checksum but no cutting; the result is the same when this is repeated, as it
 *            is for a frame sent to several remotes
 * @length:   octets of the frame
 * @offload:  from the virtio-net header; { 0 } = nothing to do: one piece, not even parsed
 * @prefix:   octets to go in front of every wire frame (the VXLAN header); must stay valid as long as pieces
 * @prefix_length:  0 to 64. When @prefix + @prefix_length == @frame, an uncut frame is one iovec
 * @pieces:   filled; header pointers point to @scratch, @prefix or @frame, payload pointers to @frame
 * @room:     elements of @pieces
 * @scratch:  @room * SEGMENT_SLOT octets; slot i belongs to pieces[i]. Valid as long as the pieces are used
 * Return: number of pieces, >= 1, or a negative enum segment_fault or enum packet_fault; then the frame
 * was not changed.
 *
 * Pieces but the last have equal total length (gso_size + headers + prefix).
 *
 * A frame with VNET_NEEDS_CSUM only: TCP or UDP found where csum_start says is computed anew from its
 * headers. Any other place (a tunnel inside the frame, extension headers) is summed from csum_start with the
 * field as seed, and the patched headers go to scratch, so the frame is not changed.
 */
int segment_frame(uint8_t *frame, uint32_t length, const struct offload *offload, const uint8_t *prefix,
                  uint32_t prefix_length, struct piece *pieces, int room, uint8_t *scratch);

/**
 * segment_check() - Does a request to cut fit the packet? For a gso_type other than VNET_GSO_NONE.
 * @packet:  as packet_parse() filled it, returning 0
 * Return: 0 or a negative enum segment_fault.
 */
int segment_check(const uint8_t *frame, uint32_t length, const struct offload *offload,
                  const struct packet *packet);

/** segment_reason() - One sentence for a negative return of segment_frame() or packet_parse(). Never NULL. */
const char *segment_reason(int fault);

/**
 * segment_errno() - The errno for a batch's STATUS column: -EBADMSG for headers that are wrong in themselves,
 * -EPROTO for an offload request that contradicts them, -E2BIG for SEGMENT_TOO_MANY and SEGMENT_HEADERS, -ENOBUFS for
 * SEGMENT_NO_ROOM. Negative.
 */
int segment_errno(int fault);

#endif

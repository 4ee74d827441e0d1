/*
 * One frame on its way to a TAP, looked at by itself: its headers, how its checksum stands, whether it could
 * be joined with others, and what its virtio-net header must say if it is not. Private to coalescing.
 */
#ifndef VTEP_ARRIVAL_H
#define VTEP_ARRIVAL_H

#include <stdint.h>

#include "coalesce.h"
#include "packet.h"

/** How an arrival's TCP or UDP checksum stands. */
enum standing {
  UNKNOWN,    /* not TCP or UDP, or not looked at */
  UNFINISHED, /* the field holds the pseudo-header sum */
  RIGHT,      /* verified */
  WRONG,      /* verified and found wrong, or UDP's "none" */
};

/** One arrival while it is being placed. */
struct candidate {
  const struct arrival *arrival;
  uint32_t index;
  int fault; /* of packet_parse() */
  enum standing standing;
  uint32_t hash; /* of its flow; coalesce.c */
  struct packet packet;
};

/** arrival_examine() - Parse a frame and see whether its checksum is unfinished; the payload is not read. */
void arrival_examine(struct candidate *candidate, const struct arrival *arrival, uint32_t index);

/**
 * arrival_may_join() - May the frame ever be part of a joined item? Verifies its checksum, last, as that costs
 * the most; standing is set accordingly.
 */
int arrival_may_join(struct candidate *candidate);

/** arrival_announce() - The virtio-net header of the frame by itself: VNET_BYTES octets. */
void arrival_announce(const struct candidate *candidate, uint8_t *vnet);

/** arrival_payload() - TCP or UDP payload octets. */
static inline uint32_t arrival_payload(const struct candidate *candidate) {
  return candidate->packet.end - candidate->packet.payload;
}

/** vnet_write() - Store a virtio-net header, little-endian (virtio 1.2, section 5.1.6). */
void vnet_write(uint8_t *vnet, const struct offload *offload, uint32_t header_length);

/** vnet_needs_checksum() - "The checksum field holds the pseudo-header sum; finish it." */
struct offload vnet_needs_checksum(const struct packet *packet);

/** vnet_tcp_type() - The gso_type of a TCP super-frame, with the ECN bit where CWR is set. */
uint8_t vnet_tcp_type(const uint8_t *frame, const struct packet *packet);

#endif

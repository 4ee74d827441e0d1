/*
 * Sends: runs of datagrams to one destination, gathered by udp-transmit.c and handed to the kernel by udp-send.c.
 *
 *   key    socket, destination, port, source, interface, TOS, TTL
 *   send   [d0][d1][d2]...[dn]   all as long as d0, the last may be shorter and closes it; n < 64
 */
#ifndef VTEP_UDP_SEND_H
#define VTEP_UDP_SEND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "segment.h"
#include "udp.h"

/** Datagrams in a send: UDP_MAX_SEGMENTS of kernels before 6.9 (128 since). */
#define SEND_DATAGRAMS 64
/**
 * Sends gathered before a flush: a burst of 16 frames for 64 remotes then leaves as 64 runs of 16. With 32, runs to more
 * remotes than that were one datagram each.
 */
#define SENDS 128
/** Places of the table that finds the newest send of a key; a power of two, half empty at least. */
#define SEND_PLACES 256
/** Pieces whose headers are kept until the flush; more than one super-frame may need (SEGMENT_PIECES). */
#define ARENA_PIECES 512

/** Control messages of a send: TOS 24, TTL 24, IPv6 packet info 40, segment size 24. */
#define SEND_CONTROL 128

enum key_word { KEY_FD, KEY_PORT, KEY_PEER, KEY_LOCAL = KEY_PEER + 4, KEY_IFINDEX = KEY_LOCAL + 4, KEY_TOS, KEY_TTL, KEY_WORDS };

struct send {
  int32_t key[KEY_WORDS];
  bool closed;
  uint32_t count;  /* datagrams */
  uint32_t size;   /* octets of the first */
  uint32_t total;  /* octets of all */
  uint32_t vectors;
  uint32_t entry[SEND_DATAGRAMS];  /* of the batch, of each datagram */
  uint8_t pieces[SEND_DATAGRAMS];  /* iovecs of each datagram */
  struct iovec iovecs[2 * SEND_DATAGRAMS];
  union udp_address to;
  _Alignas(struct cmsghdr) uint8_t control[SEND_CONTROL];
};

struct udp_transmit_scratch {
  uint32_t sends;
  uint32_t arena_used;
  uint32_t hash[SENDS]; /* of each send's key, apart so that a search does not touch the sends */
  uint8_t place[SEND_PLACES]; /* by hash, linear probing: number of the newest send of a key + 1; 0 = free */
  struct send send[SENDS];
  struct mmsghdr runs[SENDS];               /* of one socket, for one sendmmsg() */
  struct mmsghdr datagrams[SEND_DATAGRAMS]; /* of a run that was refused */
  struct piece pieces[SEGMENT_PIECES];
  uint8_t arena[ARENA_PIECES * SEGMENT_SLOT];
};

_Static_assert(SENDS < 256 && 2 * SENDS <= SEND_PLACES, "a send's number + 1 fits a place, and places stay free");
_Static_assert(SEGMENT_PIECES <= ARENA_PIECES, "a flush makes room for any super-frame");

/**
 * udp_send_flush() - Sends everything gathered, socket by socket, and forgets it. The arena stays: an entry may be half
 * gathered.
 * @status: STATUS column of the batch; the first error of an entry's datagrams is noted there
 */
void udp_send_flush(struct udp_transmit_scratch *scratch, int32_t *status);

#endif

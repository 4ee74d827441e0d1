/*
 * Builds frames for tests, and checks checksums octet by octet, independently of the code under test.
 */
#ifndef VTEP_FRAMES_H
#define VTEP_FRAMES_H

#include <stdint.h>

/** What a built frame holds. Fields left 0 get plain values; see frame_defaults(). */
struct shape {
  uint8_t version;  /* 4 or 6 */
  uint8_t protocol; /* 6 or 17 */
  uint8_t tagged;   /* 1: an 802.1Q tag, 2: an 802.1ad tag before it */
  uint8_t df;
  uint8_t tos, ttl;
  uint8_t flags;         /* TCP */
  uint8_t option_length; /* TCP options, a multiple of 4 */
  uint8_t ip_options;    /* IPv4 options or an IPv6 destination options header, a multiple of 4 (IPv6: 8) */
  uint8_t unfinished;    /* 1: the checksum field holds the pseudo-header sum */
  uint8_t fill;          /* first payload octet; the next ones count up */
  uint16_t id;
  uint16_t source_port, window;
  uint32_t sequence, acknowledgement;
  uint32_t payload; /* octets */
};

/** Where the built frame's parts lie. */
struct layout {
  uint32_t network, transport, payload, length, check;
};

/** A TCP ACK segment over IPv4 with DF, 100 octets of payload. */
struct shape frame_defaults(void);

/** Builds a frame; `out` has room for it: at most 66,000 octets. */
struct layout frame_build(uint8_t *out, const struct shape *shape);

/** RFC 1071 as it is written there: 16 bits at a time, big-endian. Folded, not complemented. */
uint16_t oracle_sum(const uint8_t *bytes, uint32_t length, uint32_t sum);

/** Are the TCP or UDP checksum and the IPv4 header checksum of a built frame right? */
int oracle_valid(const uint8_t *frame, const struct shape *shape, const struct layout *layout);

/** The folded pseudo-header sum of a built frame. */
uint16_t oracle_pseudo(const uint8_t *frame, const struct shape *shape, const struct layout *layout);

#endif

/*
 * The datagrams of vtep-datagrams: what its source writes and its sink counts.
 *
 *    0               4       6       8                               16          size
 *   +---------------+-------+-------+-------------------------------+------------+
 *   |     magic     | flow  |  run  |           sequence            |   zeros    |   UDP payload
 *   +---------------+-------+-------+-------------------------------+------------+
 *
 * All in host order, both ends are on one machine. `sequence` counts from 0 in each flow. `run` is the same in all
 * datagrams of a measurement, so that stragglers of the one before are told apart from loss and duplicates.
 */
#ifndef VTEP_NUMBERED_H
#define VTEP_NUMBERED_H

#include "tool.h"

enum { MAGIC = 0x76746467, BATCH = 64, HEADER = 16, MAX_FLOWS = 1024, MAX_DISTANCE = 1 << 24, MAX_RUN = 65535, MAX_SIZE = 65507, SOCKET_BUFFER = 16 << 20 };

struct header {
  uint32_t magic;
  uint16_t flow, run;
  uint64_t sequence;
};

_Static_assert(sizeof(struct header) == HEADER, "16 octets, whatever the machine");

/* SOCKET_BUFFER where we may, else as much as the machine lets anybody have; returns what it is now. */
static inline int force_buffer(int fd, int force, int plain) {
  int size = SOCKET_BUFFER;
  socklen_t length = sizeof size;
  if (setsockopt(fd, SOL_SOCKET, force, &size, sizeof size) < 0) setsockopt(fd, SOL_SOCKET, plain, &size, sizeof size);
  if (getsockopt(fd, SOL_SOCKET, plain, &size, &length) < 0) fail("SO_RCVBUF");
  return size;
}

#endif

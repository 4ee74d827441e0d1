#include <errno.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <unistd.h>

#include "descriptor.h"
#include "ring.h"
#include "tap.h"

/** Frames asked for in one system call at most. With 32: no more a second. */
#define MOST_READS 16

_Static_assert(sizeof(struct virtio_net_hdr) == VNET_BYTES, "the legacy header, without num_buffers");

/** Every column of an entry but OFFSET, LENGTH, the offload's, and those C never touches. */
static const uint8_t unused[] = {HEADER, PORT,   PEER_PORT, PEER0,  PEER1,   PEER2, PEER3,
                                 LOCAL0, LOCAL1, LOCAL2,    LOCAL3, IFINDEX, TOS,   TTL};

static void fill_offload(const struct burst *burst, uint32_t index, const uint8_t *vnet) {
  struct virtio_net_hdr header = {.flags = 0};
  if (vnet != NULL) memcpy(&header, vnet, sizeof header);
  bool sum = header.flags & VNET_NEEDS_CSUM;
  burst_column(burst, OFFLOAD)[index] = header.flags | header.gso_type << 8;
  burst_column(burst, GSO_SIZE)[index] = header.gso_size;
  burst_column(burst, CSUM)[index] = sum ? (int32_t)(header.csum_start | (uint32_t)header.csum_offset << 16) : 0;
}

static void fill_entry(const struct burst *burst, uint32_t index, int32_t offset, int32_t length) {
  burst_column(burst, OFFSET)[index] = offset;
  burst_column(burst, LENGTH)[index] = length;
  burst_column(burst, STATUS)[index] = length == SLOT_BYTES ? -EMSGSIZE : 0;
}

/** Zeroes column by column: a column's entries are adjacent, an entry's columns are not. */
static void clear_columns(const struct burst *burst, uint32_t first, uint32_t count) {
  for (size_t i = 0; i < sizeof unused; i++) {
    memset(burst_column(burst, unused[i]) + first, 0, count * sizeof(int32_t));
  }
}

/** Makes an entry of the frame of `length` octets that was read into slot `from`. */
static void take_frame(const struct burst *burst, uint32_t entry, uint32_t from, uint32_t length, uint32_t vnet) {
  uint8_t *frame = burst->bytes + entry * STRIDE + HEADROOM;
  if (entry != from) memmove(frame - vnet, burst->bytes + from * STRIDE + HEADROOM - vnet, vnet + length);
  fill_entry(burst, entry, (int32_t)(entry * STRIDE + HEADROOM), (int32_t)length);
  fill_offload(burst, entry, vnet == 0 ? NULL : frame - vnet);
}

/** Reads up to `count` frames into slots from `slot` on, in one system call. */
static void read_frames(struct ring *ring, const struct burst *burst, int fd, uint32_t slot, uint32_t count,
                        uint32_t vnet, int32_t *results) {
  uint8_t *bytes = burst->bytes + slot * STRIDE + HEADROOM - vnet;
  if (count == 1) {
    ssize_t got = read(fd, bytes, SLOT_BYTES + vnet);
    results[0] = got < 0 ? -errno : (int32_t)got;
    return;
  }
  for (uint32_t i = 0; i < count; i++) ring_read(ring, fd, bytes + i * STRIDE, SLOT_BYTES + vnet);
  ring_run(ring, results);
}

/** How many frames to ask for after `reads` were. A lone frame costs one read, a stream few that find nothing. */
static uint32_t next_reads(const struct ring *ring, uint32_t reads, uint32_t room) {
  uint32_t next = ring == NULL || reads == 0 ? 1 : reads == 1 ? 4 : 2 * reads;
  if (next > MOST_READS) next = MOST_READS;
  return next < room ? next : room;
}

int tap_receive(struct ring *ring, const struct burst *burst, int fd, uint32_t first, uint32_t max) {
  uint32_t slots = burst_slots(burst, first, max);
  uint32_t vnet = descriptor_facts(fd) & DESCRIPTOR_PLAIN ? 0 : VNET_BYTES;
  uint32_t count = 0, reads = 0;
  bool is_drained = false;
  int error = 0;
  while (count < slots && !is_drained) {
    int32_t results[RING_OPERATIONS];
    uint32_t slot = first + count;
    reads = next_reads(ring, reads, slots - count);
    read_frames(ring, burst, fd, slot, reads, vnet, results);
    for (uint32_t i = 0; i < reads; i++) {
      int32_t got = results[i];
      if (got == -EINTR) continue;
      if (got > (int32_t)vnet) {
        /* A read that found nothing may stand before one that did: the frame came between the two. */
        take_frame(burst, first + count++, slot + i, (uint32_t)got - vnet, vnet);
        continue;
      }
      is_drained = true; /* a shut down queue reads as empty */
      if (got < 0 && got != -EAGAIN) error = got;
    }
  }
  clear_columns(burst, first, count);
  return count == 0 ? error : (int)count;
}

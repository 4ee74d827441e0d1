#include <errno.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <unistd.h>

#include "descriptor.h"
#include "tap.h"

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

int tap_receive(const struct burst *burst, int fd, uint32_t first, uint32_t max) {
  uint32_t slots = burst_slots(burst, first, max);
  uint32_t vnet = descriptor_facts(fd) & DESCRIPTOR_PLAIN ? 0 : VNET_BYTES;
  uint32_t count = 0;
  while (count < slots) {
    uint32_t offset = (first + count) * STRIDE + HEADROOM;
    uint8_t *frame = burst->bytes + offset;
    ssize_t got = read(fd, frame - vnet, SLOT_BYTES + vnet);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      if (count == 0 && errno != EAGAIN) return -errno;
      break;
    }
    if (got <= (ssize_t)vnet) break; /* a shut down queue reads as empty */
    fill_entry(burst, first + count, (int32_t)offset, (int32_t)(got - vnet));
    fill_offload(burst, first + count, vnet == 0 ? NULL : frame - vnet);
    count++;
  }
  clear_columns(burst, first, count);
  return (int)count;
}

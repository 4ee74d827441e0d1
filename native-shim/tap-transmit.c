#include <errno.h>
#include <limits.h>
#include <string.h>

#include "descriptor.h"
#include "tap.h"

static const uint8_t nothing_announced[VNET_BYTES];

static int write_iovecs(int fd, const struct iovec *iovecs, int count) {
  for (;;) {
    if (writev(fd, iovecs, count) >= 0) return 0;
    if (errno != EINTR) return -errno;
  }
}

/** Ethernet MTU for the coalescer: the GSO_SIZE column, unless that is the gso_size of a super-frame. */
static uint16_t device_mtu(const struct burst *burst, uint32_t index, const struct offload *offload) {
  int32_t mtu = burst_column(burst, GSO_SIZE)[index];
  if (offload->gso_type != VNET_GSO_NONE || mtu < 0) return 0;
  return mtu > UINT16_MAX ? UINT16_MAX : (uint16_t)mtu;
}

static void describe(struct arrival *arrival, const struct burst *burst, uint32_t index, uint8_t modes) {
  struct offload offload = burst_offload(burst, index);
  uint16_t mtu = device_mtu(burst, index, &offload);
  if (offload.gso_type == VNET_GSO_NONE) offload.gso_size = 0;
  *arrival = (struct arrival){
      .frame = burst->bytes + burst_column(burst, OFFSET)[index],
      .length = (uint32_t)burst_column(burst, LENGTH)[index],
      .queue = burst_column(burst, PORT)[index],
      .mtu = mtu,
      .modes = descriptor_facts(burst_column(burst, PORT)[index]) & DESCRIPTOR_PLAIN ? 0 : modes,
      .offload = offload,
  };
}

uint32_t tap_arrivals(struct tap_scratch *scratch, const struct burst *burst, uint32_t *next, uint32_t to,
                      uint8_t modes) {
  const int32_t *offset = burst_column(burst, OFFSET), *length = burst_column(burst, LENGTH);
  int32_t *status = burst_column(burst, STATUS);
  uint32_t count = 0;
  for (; *next < to && count < COALESCE_ARRIVALS; ++*next) {
    if (!burst_holds(burst, offset[*next], length[*next])) {
      status[*next] = -EFAULT;
      continue;
    }
    status[*next] = 0;
    scratch->entry[count] = *next;
    describe(&scratch->arrivals[count++], burst, *next, modes);
  }
  return count;
}

/** The offload a virtio-net header asks for (little-endian, as coalesce.c writes it). */
static struct offload read_vnet(const uint8_t *vnet) {
  return (struct offload){
      .flags = vnet[0],
      .gso_type = vnet[1],
      .gso_size = (uint16_t)(vnet[4] | vnet[5] << 8),
      .csum_start = (uint16_t)(vnet[6] | vnet[7] << 8),
      .csum_offset = (uint16_t)(vnet[8] | vnet[9] << 8),
  };
}

/**
 * Writes a frame cut and summed here: for a queue without a vnet header, and where the kernel refused to cut
 * it. The frame's octets are the caller's; segment_frame() may finish its checksum in place.
 */
static int write_cut(struct tap_scratch *scratch, const struct arrival *arrival, const uint8_t *vnet, bool plain) {
  struct offload offload = read_vnet(vnet);
  int pieces = segment_frame((uint8_t *)arrival->frame, arrival->length, &offload, NULL, 0, scratch->pieces,
                             SEGMENT_PIECES, scratch->headers);
  if (pieces < 0) return segment_errno(pieces);
  for (int i = 0; i < pieces; i++) {
    struct iovec iovecs[3] = {
        {(void *)nothing_announced, VNET_BYTES}, scratch->pieces[i].header, scratch->pieces[i].payload};
    int result = write_iovecs(arrival->queue, iovecs + plain, 3 - plain);
    if (result < 0) return result;
  }
  return 0;
}

/** Writes one frame by itself with `vnet` in front. */
static int write_alone(struct tap_scratch *scratch, const struct arrival *arrival, const uint8_t *vnet) {
  if (descriptor_facts(arrival->queue) & DESCRIPTOR_PLAIN) return write_cut(scratch, arrival, vnet, true);
  struct iovec iovecs[2] = {{(void *)vnet, VNET_BYTES}, {(void *)arrival->frame, arrival->length}};
  int result = write_iovecs(arrival->queue, iovecs, 2);
  bool refused = result == -EINVAL && vnet[1] != VNET_GSO_NONE;
  return refused ? write_cut(scratch, arrival, vnet, false) : result;
}

/**
 * Writes the frames of a joined item one by one, after the kernel refused the whole (6.6.44 and some 6.1 and 6.10
 * answer EINVAL to a short last segment). Return: how many writes succeeded.
 */
static int write_apart(struct tap_scratch *scratch, int32_t *status, const struct item *item) {
  int written = 0;
  for (uint32_t a = item->first; a != COALESCE_END; a = scratch->coalescer.next[a]) {
    uint8_t vnet[VNET_BYTES];
    coalesce_alone(&scratch->arrivals[a], vnet);
    int result = write_alone(scratch, &scratch->arrivals[a], vnet);
    status[scratch->entry[a]] = result;
    written += result == 0;
  }
  return written;
}

/** Writes a joined item. Return: how many writes succeeded. */
static int write_joined(struct tap_scratch *scratch, int32_t *status, const struct item *item) {
  int count = coalesce_iovecs(&scratch->coalescer, scratch->arrivals, item, scratch->iovecs);
  int result = write_iovecs(item->queue, scratch->iovecs, count);
  if (result == 0) return 1;
  if (result == -EINVAL) return write_apart(scratch, status, item);
  for (uint32_t a = item->first; a != COALESCE_END; a = scratch->coalescer.next[a]) status[scratch->entry[a]] = result;
  return 0;
}

static int write_item(struct tap_scratch *scratch, int32_t *status, const struct item *item) {
  if (item->count > 1) return write_joined(scratch, status, item);
  int result = write_alone(scratch, &scratch->arrivals[item->first], item->vnet);
  status[scratch->entry[item->first]] = result;
  return result == 0;
}

/** Items from `first` on, of one queue each with a vnet header, that leave in one system call. */
static uint32_t queue_items(struct tap_scratch *scratch, struct ring *ring, uint32_t first, uint32_t items) {
  uint32_t used = 0, count = 0;
  for (; first + count < items && count < RING_OPERATIONS; count++) {
    const struct item *item = &scratch->coalescer.item[first + count];
    bool is_plain = descriptor_facts(item->queue) & DESCRIPTOR_PLAIN;
    if (is_plain || used + 2 + item->count > TAP_IOVECS) break;
    struct iovec *iovecs = &scratch->iovecs[used];
    int length = coalesce_iovecs(&scratch->coalescer, scratch->arrivals, item, iovecs);
    ring_writev(ring, item->queue, iovecs, (uint32_t)length);
    used += (uint32_t)length;
  }
  return count;
}

/** Writes items from `first` on together. What is refused is written again by itself. Return: how many items; 0: none can be. */
static uint32_t write_together(struct tap_scratch *scratch, struct ring *ring, int32_t *status, uint32_t first,
                               uint32_t items, int *written) {
  int32_t results[RING_OPERATIONS];
  uint32_t count = queue_items(scratch, ring, first, items);
  if (count > 0) ring_run(ring, results);
  for (uint32_t i = 0; i < count; i++) {
    if (results[i] >= 0) ++*written;
    else *written += write_item(scratch, status, &scratch->coalescer.item[first + i]);
  }
  return count;
}

/** Writes the items of one coalesce_frames(); those of one kind of queue together where there is a ring. */
static int write_items(struct tap_scratch *scratch, struct ring *ring, int32_t *status, uint32_t items) {
  int written = 0;
  for (uint32_t i = 0, count; i < items; i += count) {
    count = ring != NULL && items - i > 1 ? write_together(scratch, ring, status, i, items, &written) : 0;
    if (count > 0) continue;
    written += write_item(scratch, status, &scratch->coalescer.item[i]);
    count = 1;
  }
  return written;
}

int tap_transmit(struct tap_scratch *scratch, struct ring *ring, const struct burst *burst, uint32_t from, uint32_t to,
                 uint8_t modes) {
  int32_t *status = burst_column(burst, STATUS);
  int written = 0;
  while (from < to) {
    uint32_t arrivals = tap_arrivals(scratch, burst, &from, to, modes);
    uint32_t items = coalesce_frames(&scratch->coalescer, scratch->arrivals, arrivals);
    written += write_items(scratch, ring, status, items);
  }
  return written;
}

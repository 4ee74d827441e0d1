/*
 * What the transmit calls would put on the wire, written to memory: for tests and tools.
 */
#ifndef VTEP_DRY_RUN_H
#define VTEP_DRY_RUN_H

#include "tap.h"

/** Where a dry run writes: frames one after the other, and the octets of each. */
struct dry_output {
  uint8_t *bytes;
  uint64_t size;
  int32_t *lengths;
  uint32_t room;  /* elements of lengths */
  uint64_t used;  /* octets */
  uint32_t count; /* frames */
};

/**
 * dry_segment() - Cuts the frame of entry `index` as udp_transmit() does.
 * Return: frames, or -errno: -EFAULT outside the slab, -ENOBUFS when `output` is too small, else segment_errno().
 */
int dry_segment(struct tap_scratch *scratch, const struct burst *burst, uint32_t index, struct dry_output *output);

/** dry_coalesce() - What tap_transmit() would write: virtio-net header and frame. Return: writes, or -ENOBUFS. */
int dry_coalesce(struct tap_scratch *scratch, const struct burst *burst, uint32_t from, uint32_t to, uint8_t modes,
                 struct dry_output *output);

#endif

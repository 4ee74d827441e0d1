/*
 * A burst: the slab and the columns a call was given, and the one place where what TypeScript wrote into the
 * columns is checked against the slab. Nothing here owns memory.
 */
#ifndef VTEP_BURST_H
#define VTEP_BURST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"
#include "segment.h"

/** Octets of a VXLAN header (RFC 7348, section 5). */
#define VXLAN_BYTES 8

struct burst {
  uint8_t *bytes;    /* the slab */
  uint64_t size;     /* octets of the slab */
  int32_t *words;    /* COLUMNS * capacity */
  uint32_t capacity; /* entries of the batch */
};

/** burst_column() - Column `column`: element i belongs to entry i. */
static inline int32_t *burst_column(const struct burst *burst, enum batch_column column) {
  return burst->words + (size_t)column * burst->capacity;
}

/** burst_holds() - Are `length` octets at `offset` within the slab? Both as TypeScript wrote them. */
static inline bool burst_holds(const struct burst *burst, int32_t offset, int32_t length) {
  return offset >= 0 && length >= 0 && (uint64_t)offset + (uint64_t)length <= burst->size;
}

/** burst_slots() - How many slots from `first` on have both an entry and room in the slab, at most `max`. */
static inline uint32_t burst_slots(const struct burst *burst, uint32_t first, uint32_t max) {
  uint64_t slots = burst->size / STRIDE;
  uint64_t entries = slots < burst->capacity ? slots : burst->capacity;
  if (first >= entries) return 0;
  return max < entries - first ? max : (uint32_t)(entries - first);
}

/** burst_offload() - What the columns OFFLOAD, GSO_SIZE and CSUM of entry `index` say. */
static inline struct offload burst_offload(const struct burst *burst, uint32_t index) {
  uint32_t offload = (uint32_t)burst_column(burst, OFFLOAD)[index];
  uint32_t csum = (uint32_t)burst_column(burst, CSUM)[index];
  return (struct offload){
      .flags = (uint8_t)offload,
      .gso_type = (uint8_t)(offload >> 8),
      .gso_size = (uint16_t)burst_column(burst, GSO_SIZE)[index],
      .csum_start = (uint16_t)csum,
      .csum_offset = (uint16_t)(csum >> 16),
  };
}

#endif

#include "dry-run.h"

#include <errno.h>
#include <string.h>

static int put_frame(struct dry_output *output, const struct iovec *iovecs, int count) {
  uint64_t start = output->used;
  if (output->count == output->room) return -ENOBUFS;
  for (int i = 0; i < count; i++) {
    if (iovecs[i].iov_len == 0) continue;
    if (iovecs[i].iov_len > output->size - output->used) return -ENOBUFS;
    memcpy(output->bytes + output->used, iovecs[i].iov_base, iovecs[i].iov_len);
    output->used += iovecs[i].iov_len;
  }
  output->lengths[output->count++] = (int32_t)(output->used - start);
  return 0;
}

int dry_segment(struct tap_scratch *scratch, const struct burst *burst, uint32_t index, struct dry_output *output) {
  int32_t offset = burst_column(burst, OFFSET)[index], length = burst_column(burst, LENGTH)[index];
  struct offload offload = burst_offload(burst, index);
  if (!burst_holds(burst, offset, length)) return -EFAULT;
  int pieces = segment_frame(burst->bytes + offset, (uint32_t)length, &offload, NULL, 0, scratch->pieces,
                             SEGMENT_PIECES, scratch->headers);
  if (pieces < 0) return segment_errno(pieces);
  for (int i = 0; i < pieces; i++) {
    int result = put_frame(output, &scratch->pieces[i].header, 2);
    if (result < 0) return result;
  }
  return pieces;
}

int dry_coalesce(struct tap_scratch *scratch, const struct burst *burst, uint32_t from, uint32_t to, uint8_t modes,
                 struct dry_output *output) {
  while (from < to) {
    uint32_t arrivals = tap_arrivals(scratch, burst, &from, to, modes);
    uint32_t items = coalesce_frames(&scratch->coalescer, scratch->arrivals, arrivals);
    for (uint32_t i = 0; i < items; i++) {
      const struct item *item = &scratch->coalescer.item[i];
      int count = coalesce_iovecs(&scratch->coalescer, scratch->arrivals, item, scratch->iovecs);
      int result = put_frame(output, scratch->iovecs, count);
      if (result < 0) return result;
    }
  }
  return (int)output->count;
}

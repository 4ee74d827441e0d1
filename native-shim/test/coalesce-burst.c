#include "coalesce-burst.h"

#include <stdlib.h>

struct coalescer coalescer;
struct arrival arrivals[MOST];
struct layout layouts[MOST];
uint32_t count;
struct iovec iovecs[COALESCE_IOVECS];
uint8_t written[70000];

void clear(void) {
  while (count > 0) free((void *)arrivals[--count].frame);
}

uint8_t *arrive(const struct shape *shape) {
  static uint8_t buffer[70000];
  layouts[count] = frame_build(buffer, shape);
  uint8_t *frame = malloc(layouts[count].length);
  memcpy(frame, buffer, layouts[count].length);
  arrivals[count] = (struct arrival){
      .frame = frame, .length = layouts[count].length, .queue = 7, .mtu = 1500, .modes = COALESCE_TCP | COALESCE_UDP};
  count++;
  return frame;
}

void follow(struct shape *shape) {
  shape->sequence += shape->payload;
  shape->fill = (uint8_t)(shape->fill + shape->payload);
  shape->id++;
}

uint32_t coalesce(void) { return coalesce_frames(&coalescer, arrivals, count); }

const struct item *item(uint32_t index) { return &coalescer.item[index]; }

uint32_t write_out(uint32_t index) {
  int used = coalesce_iovecs(&coalescer, arrivals, item(index), iovecs);
  uint32_t length = 0;
  EQUAL(iovecs[0].iov_len, VNET_BYTES);
  for (int i = 1; i < used; i++) {
    memcpy(written + length, iovecs[i].iov_base, iovecs[i].iov_len);
    length += (uint32_t)iovecs[i].iov_len;
  }
  EQUAL(length, item(index)->length);
  return length;
}

int vnet16(const struct item *item, int at) { return item->vnet[at] | item->vnet[at + 1] << 8; }

int is_silent(const struct item *item) {
  static const uint8_t zeros[VNET_BYTES];
  return memcmp(item->vnet, zeros, VNET_BYTES) == 0;
}

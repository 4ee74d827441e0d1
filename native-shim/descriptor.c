#include "descriptor.h"

#include <errno.h>

_Atomic uint8_t descriptor_table[DESCRIPTORS];

int descriptor_set(int fd, uint8_t facts) {
  if ((unsigned)fd >= DESCRIPTORS) return facts == 0 ? 0 : -EMFILE;
  atomic_store_explicit(&descriptor_table[fd], facts, memory_order_relaxed);
  return 0;
}

void descriptor_add(int fd, uint8_t facts) {
  if ((unsigned)fd < DESCRIPTORS) atomic_fetch_or_explicit(&descriptor_table[fd], facts, memory_order_relaxed);
}

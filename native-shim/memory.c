#include "memory.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

int memory_advise_huge(void *memory, size_t length) {
  uintptr_t from = ((uintptr_t)memory + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
  uintptr_t to = ((uintptr_t)memory + length) & ~(HUGE_PAGE - 1);
  if (from >= to) return 0;
  return madvise((void *)from, to - from, MADV_HUGEPAGE) < 0 ? -errno : 0;
}

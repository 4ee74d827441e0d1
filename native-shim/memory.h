/* Advice to the kernel about memory that JavaScript allocated. */
#ifndef VTEP_MEMORY_H
#define VTEP_MEMORY_H

#include <stddef.h>

/** What memory_advise_huge() works in: the huge page of x86-64, and of arm64 with pages of 4 KiB. */
#define HUGE_PAGE ((size_t)2 << 20)

/**
 * memory_advise_huge() - Asks for huge pages in what lies aligned within `length` octets at `memory`. Pages that were
 * touched before stay small until the kernel's own collapsing finds them. Contents are never changed.
 *
 * @return 0, also for less than one huge page, which is left alone; -EINVAL where the kernel has none
 */
int memory_advise_huge(void *memory, size_t length);

#endif

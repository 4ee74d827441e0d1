/*
 * What the shim remembers of a file descriptor. Descriptors belong to the process, not to a thread: one thread
 * opens a device, another runs its bursts. So the table is one for the process, one octet a descriptor, indexed
 * by its number; an entry is set when the descriptor is opened here and says nothing of descriptors opened elsewhere.
 */
#ifndef VTEP_DESCRIPTOR_H
#define VTEP_DESCRIPTOR_H

#include <stdatomic.h>
#include <stdint.h>

/** A TAP queue without a vnet header. */
#define DESCRIPTOR_PLAIN 1
/** A socket on which UDP_SEGMENT is refused: no checksum (SO_NO_CHECK), or an egress that cannot checksum. */
#define DESCRIPTOR_NO_SEGMENT 2

/** Descriptors beyond have no facts: plain TAPs are refused there, UDP_SEGMENT is tried each time. */
#define DESCRIPTORS 65536

extern _Atomic uint8_t descriptor_table[DESCRIPTORS];

/** descriptor_facts() - DESCRIPTOR_* bits of `fd`. */
static inline uint8_t descriptor_facts(int fd) {
  return (unsigned)fd < DESCRIPTORS ? atomic_load_explicit(&descriptor_table[fd], memory_order_relaxed) : 0;
}

/** descriptor_set() - Replaces the facts of `fd`. Return: 0, or -EMFILE where the table does not reach. */
int descriptor_set(int fd, uint8_t facts);

/** descriptor_add() - Adds DESCRIPTOR_* bits, if the table reaches. */
void descriptor_add(int fd, uint8_t facts);

#endif

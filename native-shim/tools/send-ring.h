/*
 * Many sockets, one system call: up to BATCH sends, each on a socket of its own, through an io_uring.
 *
 * sendmmsg sends on one socket, so flows that take turns datagram by datagram would cost it one call each. Measured into
 * a TAP that drops, ns of CPU a datagram, 256 flows: sendmmsg of one 2300; one unconnected socket and 256 destination
 * ports 2000 (a route lookup each, and the sink has to listen on all); this ring 1560, no more than sendmmsg with 64
 * datagrams of a single flow (1600), because it has no msghdr to copy. Frames through a packet socket would be 900, but
 * what an application's datagram costs the sender's stack is part of what is compared.
 *
 * Needs Linux 6.1 and the right to use io_uring; open_ring() says whether. Sends never wait (MSG_DONTWAIT), so they are
 * done, in order, when the call returns.
 */
#ifndef VTEP_SEND_RING_H
#define VTEP_SEND_RING_H

#include "numbered.h"

#if __has_include(<linux/io_uring.h>)
#include <linux/io_uring.h>
#endif
#include <sys/mman.h>
#include <sys/syscall.h>

#ifdef IORING_SETUP_DEFER_TASKRUN

static struct {
  int fd;
  unsigned tail, sq_mask, cq_mask;
  unsigned *sq_tail, *cq_head, *cq_tail;
  struct io_uring_sqe *sqes;
  struct io_uring_cqe *cqes;
} ring;

static bool map_ring(const struct io_uring_params *p) {
  size_t sq = p->sq_off.array + p->sq_entries * sizeof(unsigned), cq = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
  int flags = MAP_SHARED | MAP_POPULATE, access = PROT_READ | PROT_WRITE;
  char *rings = mmap(NULL, sq > cq ? sq : cq, access, flags, ring.fd, IORING_OFF_SQ_RING);
  void *sqes = mmap(NULL, p->sq_entries * sizeof(struct io_uring_sqe), access, flags, ring.fd, IORING_OFF_SQES);
  if (rings == MAP_FAILED || sqes == MAP_FAILED) return false;
  ring.sqes = sqes;
  ring.sq_tail = (unsigned *)(rings + p->sq_off.tail);
  ring.cq_head = (unsigned *)(rings + p->cq_off.head);
  ring.cq_tail = (unsigned *)(rings + p->cq_off.tail);
  ring.cqes = (struct io_uring_cqe *)(rings + p->cq_off.cqes);
  ring.sq_mask = p->sq_entries - 1;
  ring.cq_mask = p->cq_entries - 1;
  unsigned *order = (unsigned *)(rings + p->sq_off.array);
  for (unsigned i = 0; i < p->sq_entries; i++) order[i] = i;
  return true;
}

/* A ring whose sends name sockets by their place in `sockets`; false where the machine has none for us. */
static bool open_ring(const int *sockets, int count) {
  struct io_uring_params p = {.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL};
  ring.fd = (int)syscall(SYS_io_uring_setup, BATCH, &p);
  if (ring.fd < 0) return false;
  if (map_ring(&p) && syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, sockets, count) == 0) return true;
  close(ring.fd);
  return false;
}

/* Puts the next send into the ring; at most BATCH before submit_sends(). */
static inline void queue_send(int socket_index, const void *bytes, size_t length, int index) {
  struct io_uring_sqe *e = &ring.sqes[ring.tail++ & ring.sq_mask];
  memset(e, 0, sizeof *e);
  e->opcode = IORING_OP_SEND;
  e->flags = IOSQE_FIXED_FILE;
  e->fd = socket_index;
  e->addr = (uintptr_t)bytes;
  e->len = (uint32_t)length;
  e->msg_flags = MSG_DONTWAIT;
  e->user_data = (uint64_t)index;
}

/* Sends `count` queued datagrams; result[index] is the octets sent or -errno. */
static void submit_sends(int count, int *result) {
  __atomic_store_n(ring.sq_tail, ring.tail, __ATOMIC_RELEASE);
  for (int submitted = 0, done = 0; done < count;) {
    long n = syscall(SYS_io_uring_enter, ring.fd, count - submitted, count - done, IORING_ENTER_GETEVENTS, NULL, 0);
    if (n < 0 && errno != EINTR) fail("io_uring_enter");
    if (n > 0) submitted += (int)n;
    unsigned head = *ring.cq_head, end = __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE);
    for (; head != end; head++, done++) result[ring.cqes[head & ring.cq_mask].user_data] = ring.cqes[head & ring.cq_mask].res;
    __atomic_store_n(ring.cq_head, head, __ATOMIC_RELEASE);
  }
}

#else /* compiled with headers older than Linux 6.1 */

static bool open_ring(const int *sockets, int count) { return (void)sockets, (void)count, false; }
static inline void queue_send(int socket_index, const void *bytes, size_t length, int index) { (void)socket_index, (void)bytes, (void)length, (void)index; }
static void submit_sends(int count, int *result) { (void)count, (void)result; }

#endif
#endif

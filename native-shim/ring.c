#define _GNU_SOURCE
#include "ring.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if __has_include(<linux/io_uring.h>)
#include <linux/io_uring.h>
#endif

#ifdef IORING_SETUP_DEFER_TASKRUN

struct ring {
  int fd;
  uint32_t queued; /* since the last run */
  uint32_t tail, sq_mask, cq_mask;
  uint32_t *sq_tail, *cq_head, *cq_tail;
  struct io_uring_sqe *sqes;
  struct io_uring_cqe *cqes;
  void *rings;
  size_t rings_size, sqes_size;
};

static void *map(int fd, size_t size, off_t what) {
  return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, what);
}

static bool map_rings(struct ring *ring, const struct io_uring_params *p) {
  size_t submissions = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
  size_t completions = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
  ring->rings_size = submissions > completions ? submissions : completions;
  ring->sqes_size = p->sq_entries * sizeof(struct io_uring_sqe);
  ring->rings = map(ring->fd, ring->rings_size, IORING_OFF_SQ_RING);
  ring->sqes = map(ring->fd, ring->sqes_size, IORING_OFF_SQES);
  if (ring->rings == MAP_FAILED || ring->sqes == MAP_FAILED) return false;
  uint8_t *rings = ring->rings;
  ring->sq_tail = (uint32_t *)(rings + p->sq_off.tail);
  ring->cq_head = (uint32_t *)(rings + p->cq_off.head);
  ring->cq_tail = (uint32_t *)(rings + p->cq_off.tail);
  ring->cqes = (struct io_uring_cqe *)(rings + p->cq_off.cqes);
  ring->sq_mask = p->sq_entries - 1;
  ring->cq_mask = p->cq_entries - 1;
  uint32_t *order = (uint32_t *)(rings + p->sq_off.array);
  for (uint32_t i = 0; i < p->sq_entries; i++) order[i] = i;
  return true;
}

struct ring *ring_open(void) {
  const char *wish = getenv("VTEP_IO_URING");
  if (wish != NULL && strcmp(wish, "off") == 0) return NULL;
  struct io_uring_params p = {
      .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL};
  struct ring *ring = calloc(1, sizeof *ring);
  if (ring == NULL) return NULL;
  ring->rings = ring->sqes = MAP_FAILED;
  ring->fd = (int)syscall(SYS_io_uring_setup, RING_OPERATIONS, &p);
  if (ring->fd >= 0 && map_rings(ring, &p)) return ring;
  ring_close(ring);
  return NULL;
}

void ring_close(struct ring *ring) {
  if (ring == NULL) return;
  if (ring->rings != MAP_FAILED) munmap(ring->rings, ring->rings_size);
  if (ring->sqes != MAP_FAILED) munmap(ring->sqes, ring->sqes_size);
  if (ring->fd >= 0) close(ring->fd);
  free(ring);
}

/** Without RWF_NOWAIT an operation that finds nothing would wait with the kernel, whatever O_NONBLOCK says. */
static void queue(struct ring *ring, uint8_t opcode, int fd, const void *address, uint32_t length) {
  struct io_uring_sqe *entry = &ring->sqes[ring->tail++ & ring->sq_mask];
  *entry = (struct io_uring_sqe){.opcode = opcode,
                                 .fd = fd,
                                 .addr = (uintptr_t)address,
                                 .len = length,
                                 .rw_flags = RWF_NOWAIT,
                                 .user_data = ring->queued++};
}

void ring_read(struct ring *ring, int fd, void *bytes, uint32_t length) {
  queue(ring, IORING_OP_READ, fd, bytes, length);
}

void ring_writev(struct ring *ring, int fd, const struct iovec *iovecs, uint32_t count) {
  queue(ring, IORING_OP_WRITEV, fd, iovecs, count);
}

/** Takes what has been completed. Return: how many. */
static uint32_t reap(struct ring *ring, int32_t *results) {
  uint32_t head = *ring->cq_head, end = __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE), count = end - head;
  for (; head != end; head++) {
    const struct io_uring_cqe *completion = &ring->cqes[head & ring->cq_mask];
    results[completion->user_data] = completion->res;
  }
  __atomic_store_n(ring->cq_head, head, __ATOMIC_RELEASE);
  return count;
}

void ring_run(struct ring *ring, int32_t results[RING_OPERATIONS]) {
  uint32_t count = ring->queued, submitted = 0;
  ring->queued = 0;
  __atomic_store_n(ring->sq_tail, ring->tail, __ATOMIC_RELEASE);
  for (uint32_t done = 0; done < count; done += reap(ring, results)) {
    uint32_t rest = count - submitted;
    long taken = syscall(SYS_io_uring_enter, ring->fd, rest, count - done, IORING_ENTER_GETEVENTS, NULL, 0);
    if (taken > 0) submitted += (uint32_t)taken;
    if (taken >= 0 || errno == EINTR) continue;
    for (uint32_t i = submitted; i < count; i++) results[i] = -errno;
    ring->tail -= rest; /* the kernel has not looked at them, and never shall */
    __atomic_store_n(ring->sq_tail, ring->tail, __ATOMIC_RELEASE);
    count = submitted;
  }
}

#else /* compiled with headers older than Linux 6.1 */

struct ring *ring_open(void) { return NULL; }

void ring_close(struct ring *ring) { (void)ring; }

void ring_read(struct ring *ring, int fd, void *bytes, uint32_t length) { (void)ring, (void)fd, (void)bytes, (void)length; }

void ring_writev(struct ring *ring, int fd, const struct iovec *iovecs, uint32_t count) {
  (void)ring, (void)fd, (void)iovecs, (void)count;
}

void ring_run(struct ring *ring, int32_t results[RING_OPERATIONS]) { (void)ring, (void)results; }

#endif

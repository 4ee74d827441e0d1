/*
 * Many reads or writes, one system call: an io_uring whose operations never wait.
 *
 * A TAP gives and takes one frame a call, and a call costs 0.1 us on one machine and 1.1 us on another, where page tables are
 * isolated from user space or a hypervisor stands between (docs/performance.md). Operations are done, in the order they were
 * queued, when ring_run() returns: nothing stays with the kernel.
 *
 * Needs Linux 6.1 and the right to use io_uring, which many containers lack (seccomp, kernel.io_uring_disabled).
 */
#ifndef VTEP_RING_H
#define VTEP_RING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/** Operations between two ring_run() at most. */
#define RING_OPERATIONS 64

struct ring;

/**
 * ring_open() - A ring of the calling thread, which alone may use it.
 * Return: NULL where the machine has none for us, or $VTEP_IO_URING is "off".
 */
struct ring *ring_open(void);

/** ring_close() - Of NULL too. */
void ring_close(struct ring *ring);

/** ring_read() - Queues read(2), which does not wait. The memory must stay until ring_run(). */
void ring_read(struct ring *ring, int fd, void *bytes, uint32_t length);

/** ring_writev() - Queues writev(2), which does not wait. Iovecs and memory must stay until ring_run(). */
void ring_writev(struct ring *ring, int fd, const struct iovec *iovecs, uint32_t count);

/**
 * ring_run() - Does what was queued.
 * @results:  octets or -errno of each, in the order of queueing. Where the ring itself fails: why, of those not done
 */
void ring_run(struct ring *ring, int32_t results[RING_OPERATIONS]);

#endif

/*
 * Waiting: an epoll descriptor a worker blocks on, and eventfds by which other threads wake it.
 */
#ifndef VTEP_POLL_H
#define VTEP_POLL_H

#include <stdint.h>

/** Bit of a token that says: the descriptor is a waker; drain it when it is ready. WAKER of lib/native/shim.ts. */
#define POLL_WAKER (1 << 30)

/** poll_open() - An epoll descriptor, owned by the caller, or -errno. */
int poll_open(void);

/** poll_add() - Watches `fd` for reading and errors; `token` >= 0 comes back from poll_wait(). Return: 0 or -errno. */
int poll_add(int poller, int fd, int32_t token);

/** poll_remove() - Return: 0 or -errno. */
int poll_remove(int poller, int fd);

/**
 * poll_wait() - Waits until something is readable or has an error to tell.
 * @ready:    filled with tokens; wakers among them are drained
 * @max:      elements of `ready`
 * @timeout:  microseconds, negative = for ever
 * @spin:     microseconds to look without sleeping first (saves the wake-up, costs a core nobody else wants), <= 0 = none
 * Return: how many, 0 after `timeout` or a signal, or -errno.
 */
int poll_wait(int poller, int32_t *ready, uint32_t max, int64_t timeout, int64_t spin);

/** poll_give_way() - Lets others run that are ready to. Return: 0 or -errno. */
int poll_give_way(void);

/** poll_waker() - An eventfd, owned by the caller, or -errno. */
int poll_waker(void);

/** poll_wake() - Makes it readable. Any thread. Return: 0 or -errno. */
int poll_wake(int waker);

#endif

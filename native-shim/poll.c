#define _GNU_SOURCE
#include "poll.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Since 5.11. Called by number: a binary built against a newer C library must load with an older one. */
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

/** Tokens told in one call; more wait for the next. */
#define EVENTS 64

int poll_open(void) {
  int fd = epoll_create1(EPOLL_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

/** The event carries the descriptor above the token, so that a waker can be drained without a table. */
int poll_add(int poller, int fd, int32_t token) {
  if (token < 0) return -EINVAL;
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)(uint32_t)fd << 32 | (uint32_t)token};
  return epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int poll_remove(int poller, int fd) { return epoll_ctl(poller, EPOLL_CTL_DEL, fd, NULL) < 0 ? -errno : 0; }

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

/** Without the slack of 50 us that a thread's timers have by default, which would bunch short sleeps into long ones. */
static void be_exact(void) {
  static _Thread_local bool exact;
  if (!exact) exact = prctl(PR_SET_TIMERSLACK, 1000) == 0;
}

/** What epoll_pwait2 does, on a kernel that lacks it. */
static int sleep_first(int poller, struct epoll_event *events, int max, const struct timespec *time) {
  struct pollfd readable = {.fd = poller, .events = POLLIN};
  int got = ppoll(&readable, 1, time, NULL);
  return got <= 0 ? got : epoll_wait(poller, events, max, 0);
}

static int sleep_for(int poller, struct epoll_event *events, int max, int64_t timeout) {
  static atomic_bool old; /* the kernel has no epoll_pwait2 */
  if (timeout <= 0) return epoll_wait(poller, events, max, timeout < 0 ? -1 : 0);
  struct timespec time = {.tv_sec = timeout / 1000000, .tv_nsec = timeout % 1000000 * 1000};
  be_exact();
  if (!atomic_load_explicit(&old, memory_order_relaxed)) {
    long got = syscall(SYS_epoll_pwait2, poller, events, max, &time, NULL, (size_t)0);
    if (got >= 0 || (errno != ENOSYS && errno != EPERM)) return (int)got;
    atomic_store_explicit(&old, true, memory_order_relaxed);
  }
  return sleep_first(poller, events, max, &time);
}

/** Looks at a descriptor cost a third of a yield, which costs most of a microsecond. */
#define LOOKS 4

/** Whoever is ready to run goes first, now and then: on few cores it may be the one that is waited for. */
static int spin_for(int poller, struct epoll_event *events, int max, int64_t spin) {
  int64_t end = now() + spin;
  for (;;) {
    int got = 0;
    for (int i = 0; i < LOOKS && got == 0; i++) got = epoll_wait(poller, events, max, 0);
    if (got != 0 || now() >= end) return got;
    sched_yield();
  }
}

static void drain(int waker) {
  uint64_t times;
  while (read(waker, &times, sizeof times) < 0 && errno == EINTR) continue;
}

static int32_t take_token(const struct epoll_event *event) {
  int32_t token = (int32_t)(uint32_t)event->data.u64;
  if (token & POLL_WAKER) drain((int)(event->data.u64 >> 32));
  return token;
}

int poll_wait(int poller, int32_t *ready, uint32_t max, int64_t timeout, int64_t spin) {
  struct epoll_event events[EVENTS];
  int room = max < EVENTS ? (int)max : EVENTS;
  int got = 0;
  if (timeout >= 0 && spin > timeout) spin = timeout;
  if (spin > 0) {
    got = spin_for(poller, events, room, spin);
    if (timeout > 0) timeout -= spin;
  }
  if (got == 0 && (timeout != 0 || spin <= 0)) got = sleep_for(poller, events, room, timeout);
  if (got < 0) return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < got; i++) ready[i] = take_token(&events[i]);
  return got;
}

int poll_give_way(void) { return sched_yield() < 0 ? -errno : 0; }

int poll_waker(void) {
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return fd < 0 ? -errno : fd;
}

int poll_wake(int waker) {
  uint64_t one = 1;
  for (;;) {
    if (write(waker, &one, sizeof one) == sizeof one) return 0;
    if (errno == EAGAIN) return 0; /* the counter is full: it is readable anyway */
    if (errno != EINTR) return -errno;
  }
}

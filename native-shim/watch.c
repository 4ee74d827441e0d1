#include "watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "poll.h"

#define EVENTS 32
/** The event that ends the poll thread; watchers are numbered from 0. */
#define STOP UINT64_MAX

struct watcher {
  struct watcher *next;
  int number;
  int fd;
  bool ref;
  napi_ref callback;
};

struct watch_set {
  int poller;
  int stop;
  pthread_t thread;
  napi_threadsafe_function ring;
  struct watcher *first; /* few; touched on the loop thread only */
  int last_number;
  int refs; /* watchers that keep the process alive */
};

static void *run(void *argument) {
  struct watch_set *set = argument;
  struct epoll_event events[EVENTS];
  for (;;) {
    int got = epoll_wait(set->poller, events, EVENTS, -1);
    if (got < 0 && errno != EINTR) return NULL;
    for (int i = 0; i < got; i++) {
      if (events[i].data.u64 == STOP) return NULL;
      napi_call_threadsafe_function(set->ring, (void *)(uintptr_t)events[i].data.u64, napi_tsfn_blocking);
    }
  }
}

static int arm(struct watch_set *set, int operation, int fd, int number) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = (uint64_t)number};
  return epoll_ctl(set->poller, operation, fd, &event) < 0 ? -errno : 0;
}

static struct watcher **find(struct watch_set *set, int number) {
  struct watcher **at = &set->first;
  while (*at != NULL && (*at)->number != number) at = &(*at)->next;
  return at;
}

static void call(napi_env env, napi_ref reference) {
  napi_value receiver, callback, exception;
  bool thrown = false;
  if (napi_get_undefined(env, &receiver) != napi_ok) return;
  if (napi_get_reference_value(env, reference, &callback) != napi_ok || callback == NULL) return;
  napi_call_function(env, receiver, callback, 0, NULL, NULL);
  /* Node would turn what is thrown here into a warning; it is an uncaught exception like any other. */
  if (napi_is_exception_pending(env, &thrown) != napi_ok || !thrown) return;
  if (napi_get_and_clear_last_exception(env, &exception) == napi_ok) napi_fatal_exception(env, exception);
}

/** On the loop thread. A ring may be older than an unwatch: then its watcher is no longer there. */
static void ring(napi_env env, napi_value unused, void *context, void *data) {
  (void)unused;
  if (env == NULL) return; /* the environment is going */
  struct watch_set *set = context;
  int number = (int)(uintptr_t)data;
  struct watcher *watcher = *find(set, number);
  if (watcher == NULL) return;
  call(env, watcher->callback);
  watcher = *find(set, number); /* the callback may have ended its own watch */
  if (watcher != NULL) arm(set, EPOLL_CTL_MOD, watcher->fd, number);
}

/** Runs before the threadsafe function's own cleanup, because it was added later. */
static void end(void *argument) {
  struct watch_set *set = argument;
  poll_wake(set->stop);
  pthread_join(set->thread, NULL);
  napi_release_threadsafe_function(set->ring, napi_tsfn_abort);
  close(set->poller);
  close(set->stop);
  for (struct watcher *watcher = set->first, *next; watcher != NULL; watcher = next) {
    next = watcher->next;
    free(watcher);
  }
  set->first = NULL;
}

static void finalize(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  free(data);
}

static napi_status make_ring(napi_env env, struct watch_set *set) {
  napi_value name;
  napi_status status = napi_create_string_utf8(env, "vtep watch", NAPI_AUTO_LENGTH, &name);
  if (status != napi_ok) return status;
  status = napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, set, finalize, set, ring, &set->ring);
  if (status != napi_ok) return status;
  return napi_unref_threadsafe_function(env, set->ring);
}

static int make_descriptors(struct watch_set *set) {
  set->poller = poll_open();
  if (set->poller < 0) return set->poller;
  set->stop = poll_waker();
  if (set->stop < 0) return set->stop;
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = STOP};
  return epoll_ctl(set->poller, EPOLL_CTL_ADD, set->stop, &event) < 0 ? -errno : 0;
}

static void close_descriptors(struct watch_set *set) {
  if (set->poller >= 0) close(set->poller);
  if (set->stop >= 0) close(set->stop);
}

/** From make_ring() on, the set is freed by the threadsafe function's finalizer. */
static int begin(napi_env env, struct watch_set **made) {
  struct watch_set *set = calloc(1, sizeof *set);
  if (set == NULL) return -ENOMEM;
  set->poller = set->stop = -1;
  int result = make_descriptors(set);
  if (result == 0 && make_ring(env, set) != napi_ok) result = -ENOMEM;
  if (result < 0) {
    close_descriptors(set);
    free(set);
    return result;
  }
  result = -pthread_create(&set->thread, NULL, run, set);
  if (result < 0) {
    close_descriptors(set);
    napi_release_threadsafe_function(set->ring, napi_tsfn_abort);
    return result;
  }
  napi_add_env_cleanup_hook(env, end, set);
  *made = set;
  return 0;
}

static void count_ref(napi_env env, struct watch_set *set, int change) {
  bool before = set->refs > 0;
  set->refs += change;
  if (before == (set->refs > 0)) return;
  if (before) napi_unref_threadsafe_function(env, set->ring);
  else napi_ref_threadsafe_function(env, set->ring);
}

static void forget(napi_env env, struct watcher *watcher) {
  napi_delete_reference(env, watcher->callback);
  free(watcher);
}

int watch_add(napi_env env, struct watch_set **set, int fd, napi_value callback, bool ref) {
  int result = *set == NULL ? begin(env, set) : 0;
  if (result < 0) return result;
  struct watcher *watcher = calloc(1, sizeof *watcher);
  if (watcher == NULL) return -ENOMEM;
  *watcher = (struct watcher){.next = (*set)->first, .number = (*set)->last_number, .fd = fd, .ref = ref};
  if (napi_create_reference(env, callback, 1, &watcher->callback) != napi_ok) {
    free(watcher);
    return -ENOMEM;
  }
  result = arm(*set, EPOLL_CTL_ADD, fd, watcher->number);
  if (result < 0) {
    forget(env, watcher);
    return result;
  }
  (*set)->first = watcher;
  (*set)->last_number++;
  if (ref) count_ref(env, *set, 1);
  return watcher->number;
}

int watch_remove(napi_env env, struct watch_set *set, int number) {
  struct watcher **at = set == NULL ? NULL : find(set, number);
  if (at == NULL || *at == NULL) return -ENOENT;
  struct watcher *watcher = *at;
  *at = watcher->next;
  epoll_ctl(set->poller, EPOLL_CTL_DEL, watcher->fd, NULL);
  if (watcher->ref) count_ref(env, set, -1);
  forget(env, watcher);
  return 0;
}

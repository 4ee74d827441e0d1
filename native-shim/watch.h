/*
 * Watching descriptors from an event loop. One thread per environment (main thread or worker) sleeps on an epoll
 * descriptor and rings the loop through a threadsafe function:
 *
 *   poll thread                               loop thread
 *   epoll_wait: fd readable, disarmed   --->  callback runs, reads what there is
 *   (EPOLLONESHOT)                      <---  armed again: still readable = rings at once
 *
 * so a callback is never rung twice for one wake-up, and one that reads only a part is rung again.
 * Thread and threadsafe function are made by the first watch and end with the environment.
 */
#ifndef VTEP_WATCH_H
#define VTEP_WATCH_H

#include <node_api.h>
#include <stdbool.h>

struct watch_set;

/**
 * watch_add() - Calls `callback` on the loop of `env` whenever `fd` is readable.
 * @set:  address of the environment's set; made when NULL
 * @ref:  keep the process alive while watched
 * Return: a watcher's number >= 0, or -errno.
 */
int watch_add(napi_env env, struct watch_set **set, int fd, napi_value callback, bool ref);

/** watch_remove() - Ends a watch; the callback does not run again. Before its descriptor is closed. Return: 0 or -ENOENT. */
int watch_remove(napi_env env, struct watch_set *set, int watcher);

#endif

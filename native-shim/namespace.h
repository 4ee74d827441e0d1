/*
 * Network namespaces. A namespace is a property of a thread: a device is opened elsewhere by going there, opening
 * it, and coming back on the same thread.
 */
#ifndef VTEP_NAMESPACE_H
#define VTEP_NAMESPACE_H

/** namespace_set() - Moves the calling thread, and those it starts later, into the namespace at `path`. Return: 0 or -errno. */
int namespace_set(const char *path);

/**
 * namespace_enter() - Goes into the namespace at `path` for a while.
 * @path:  such as /run/netns/blue; NULL = stay
 * @home:  set to what namespace_leave() needs: a descriptor, or -1 = nothing to leave
 * Return: 0 or -errno; then the thread is where it was.
 */
int namespace_enter(const char *path, int *home);

/** namespace_leave() - Comes back. Keeps errno. Return: 0 or -errno: the thread is still away then. */
int namespace_leave(int home);

#endif

#define _GNU_SOURCE
#include "namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <unistd.h>

int namespace_set(const char *path) {
  int target = open(path, O_RDONLY | O_CLOEXEC);
  if (target < 0) return -errno;
  int result = setns(target, CLONE_NEWNET) < 0 ? -errno : 0;
  close(target);
  return result;
}

int namespace_enter(const char *path, int *home) {
  *home = -1;
  if (path == NULL) return 0;
  int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (here < 0) return -errno;
  int result = namespace_set(path);
  if (result < 0) {
    close(here);
    return result;
  }
  *home = here;
  return 0;
}

int namespace_leave(int home) {
  if (home < 0) return 0;
  int before = errno;
  int result = setns(home, CLONE_NEWNET) < 0 ? -errno : 0;
  close(home);
  errno = before;
  return result;
}

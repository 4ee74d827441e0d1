#include "netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "namespace.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/** A full routing table's worth of notifications may arrive before the event loop looks. */
#define RECEIVE_BUFFER (1 << 20)

static int open_here(void) {
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  return fd < 0 ? -errno : fd;
}

static int join(int fd, const uint32_t *groups, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof groups[i]) < 0) return -errno;
  }
  return 0;
}

static int prepare(int fd, const uint32_t *groups, uint32_t count) {
  int buffer = RECEIVE_BUFFER;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) < 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  }
  struct sockaddr_nl any = {.nl_family = AF_NETLINK};
  if (bind(fd, (struct sockaddr *)&any, sizeof any) < 0) return -errno;
  return join(fd, groups, count);
}

int netlink_open(const uint32_t *groups, uint32_t count, const char *netns) {
  int home;
  int result = namespace_enter(netns, &home);
  if (result < 0) return result;
  int fd = open_here();
  result = namespace_leave(home);
  if (fd < 0) return fd;
  if (result == 0) result = prepare(fd, groups, count);
  if (result == 0) return fd;
  close(fd);
  return result;
}

int netlink_send(int fd, const void *message, uint32_t length, uint32_t group) {
  if (group > 32) return -EINVAL;
  struct sockaddr_nl to = {.nl_family = AF_NETLINK, .nl_groups = group == 0 ? 0 : 1u << (group - 1)};
  for (;;) {
    ssize_t sent = sendto(fd, message, length, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to);
    if (sent >= 0) return (int)sent;
    if (errno != EINTR) return -errno;
  }
}

int netlink_receive(int fd, void *buffer, uint32_t length) {
  for (;;) {
    ssize_t got = recv(fd, buffer, length, MSG_DONTWAIT | MSG_TRUNC);
    if (got > (ssize_t)length) return -EMSGSIZE;
    if (got >= 0) return (int)got;
    if (errno != EINTR) return -errno;
  }
}

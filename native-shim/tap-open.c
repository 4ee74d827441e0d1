#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "descriptor.h"
#include "interface.h"
#include "namespace.h"
#include "tap.h"

/* Since 6.2; Debian 12's headers are of 6.1. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#endif
#ifndef TUN_F_USO6
#define TUN_F_USO6 0x40
#endif

/* Since 5.2. */
#ifndef TUNGETDEVNETNS
#define TUNGETDEVNETNS _IO('T', 227)
#endif

/** What to ask TUNSETOFFLOAD for, best first: a kernel refuses a set with a bit it does not know. */
static const struct {
  unsigned long ask;
  uint32_t offloads;
} offload_sets[] = {
    {TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | TUN_F_USO4 | TUN_F_USO6,
     TAP_CSUM | TAP_TSO4 | TAP_TSO6 | TAP_TSO_ECN | TAP_USO},
    {TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN, TAP_CSUM | TAP_TSO4 | TAP_TSO6 | TAP_TSO_ECN},
    {TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6, TAP_CSUM | TAP_TSO4 | TAP_TSO6},
    {TUN_F_CSUM, TAP_CSUM},
    {0, 0},
};

static uint32_t probe_offloads(int fd) {
  for (size_t i = 0; i < sizeof offload_sets / sizeof *offload_sets; i++) {
    if (ioctl(fd, TUNSETOFFLOAD, offload_sets[i].ask) == 0) return offload_sets[i].offloads;
  }
  return 0;
}

/** Opens one queue of the device named in ifr, which is given the name the kernel chose. */
static int open_queue(struct ifreq *ifr) {
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return -errno;
  if (ioctl(fd, TUNSETIFF, ifr) == 0) return fd;
  int result = -errno;
  close(fd);
  return result;
}

static int open_queues(struct tap *tap, struct ifreq *ifr, uint32_t queues, uint8_t facts) {
  while (tap->queues < queues) {
    int fd = open_queue(ifr);
    if (fd < 0) return fd;
    tap->fds[tap->queues++] = fd;
    int result = descriptor_set(fd, facts);
    if (result < 0) return result;
  }
  return 0;
}

static int set_vnet_header(struct tap *tap) {
  int bytes = VNET_BYTES;
  if (ioctl(tap->fds[0], TUNSETVNETHDRSZ, &bytes) < 0) return -errno;
  tap->offloads = probe_offloads(tap->fds[0]);
  return 0;
}

static int open_here(struct tap *tap, const char *name, uint32_t queues, bool vnet_header) {
  struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};
  if (vnet_header) ifr.ifr_flags |= IFF_VNET_HDR;
  if (queues > 1) ifr.ifr_flags |= IFF_MULTI_QUEUE;
  memcpy(ifr.ifr_name, name, strlen(name));
  tap->created = interface_index(name) < 0;
  int result = open_queues(tap, &ifr, queues, vnet_header ? 0 : DESCRIPTOR_PLAIN);
  if (result == 0 && vnet_header) result = set_vnet_header(tap);
  if (result < 0) return result;
  memcpy(tap->name, ifr.ifr_name, IFNAMSIZ);
  tap->name[IFNAMSIZ - 1] = '\0';
  tap->ifindex = interface_index(tap->name);
  return tap->ifindex < 0 ? tap->ifindex : 0;
}

int tap_open(struct tap *tap, const char *name, const char *netns, uint32_t queues, bool vnet_header) {
  int home;
  size_t length = strlen(name);
  if (length == 0 || queues == 0 || queues > TAP_QUEUES) return -EINVAL;
  if (length >= IFNAMSIZ) return -ENAMETOOLONG;
  *tap = (struct tap){.queues = 0};
  int result = namespace_enter(netns, &home);
  if (result < 0) return result;
  result = open_here(tap, name, queues, vnet_header);
  int back = namespace_leave(home);
  if (result == 0) result = back;
  if (result == 0) return 0;
  while (tap->queues > 0) close(tap->fds[--tap->queues]);
  return result;
}

int tap_where(int fd, char name[IFNAMSIZ]) {
  struct ifreq ifr = {0};
  int netns = ioctl(fd, TUNGETDEVNETNS);
  if (netns < 0) return -errno;
  if (ioctl(fd, TUNGETIFF, &ifr) < 0) {
    int result = -errno;
    close(netns);
    return result;
  }
  memcpy(name, ifr.ifr_name, IFNAMSIZ);
  name[IFNAMSIZ - 1] = '\0';
  return netns;
}

int tap_persist(int fd, bool on) { return ioctl(fd, TUNSETPERSIST, (unsigned long)on) < 0 ? -errno : 0; }

#include "interface.h"

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "namespace.h"

/** Starts a request for interface `name`. Return: 0, -EINVAL (empty) or -ENAMETOOLONG. */
static int request(struct ifreq *ifr, const char *name) {
  size_t length = strlen(name);
  memset(ifr, 0, sizeof *ifr);
  if (length == 0) return -EINVAL;
  if (length >= IFNAMSIZ) return -ENAMETOOLONG;
  memcpy(ifr->ifr_name, name, length);
  return 0;
}

static int set_mac(int fd, struct ifreq *ifr, const uint8_t *mac) {
  memset(&ifr->ifr_hwaddr, 0, sizeof ifr->ifr_hwaddr);
  ifr->ifr_hwaddr.sa_family = ARPHRD_ETHER;
  memcpy(ifr->ifr_hwaddr.sa_data, mac, 6);
  return ioctl(fd, SIOCSIFHWADDR, ifr) < 0 ? -errno : 0;
}

static int set_mtu(int fd, struct ifreq *ifr, int mtu) {
  ifr->ifr_mtu = mtu;
  return ioctl(fd, SIOCSIFMTU, ifr) < 0 ? -errno : 0;
}

static int set_up(int fd, struct ifreq *ifr, int up) {
  if (ioctl(fd, SIOCGIFFLAGS, ifr) < 0) return -errno;
  if (up) ifr->ifr_flags |= IFF_UP;
  else ifr->ifr_flags &= (short)~IFF_UP;
  return ioctl(fd, SIOCSIFFLAGS, ifr) < 0 ? -errno : 0;
}

static int apply(const char *name, const struct interface_change *change) {
  struct ifreq ifr;
  int result = request(&ifr, name);
  if (result < 0) return result;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (change->mac != NULL) result = set_mac(fd, &ifr, change->mac);
  if (result == 0 && change->mtu >= 0) result = set_mtu(fd, &ifr, change->mtu);
  if (result == 0 && change->up >= 0) result = set_up(fd, &ifr, change->up);
  close(fd);
  return result;
}

int interface_set(const char *name, const struct interface_change *change) {
  int home;
  int result = namespace_enter(change->netns, &home);
  if (result < 0) return result;
  result = apply(name, change);
  int back = namespace_leave(home);
  return back < 0 ? back : result;
}

int interface_index(const char *name) {
  struct ifreq ifr;
  int result = request(&ifr, name);
  if (result < 0) return result;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  result = ioctl(fd, SIOCGIFINDEX, &ifr) < 0 ? -errno : ifr.ifr_ifindex;
  close(fd);
  return result;
}

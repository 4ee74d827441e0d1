/*
 * A network interface by name: number, MAC, MTU, up and down. By ioctl (netdevice(7)), which needs no state and
 * whose errors name the one change that was refused.
 */
#ifndef VTEP_INTERFACE_H
#define VTEP_INTERFACE_H

#include <stdint.h>

struct interface_change {
  const char *netns;  /* NULL = the caller's */
  const uint8_t *mac; /* six octets, NULL = leave */
  int mtu;            /* -1 = leave */
  int up;             /* 1, 0, -1 = leave */
};

/** interface_set() - Applies MAC, MTU, flags in this order. Return: 0 or the first -errno; what went before stays. */
int interface_set(const char *name, const struct interface_change *change);

/** interface_index() - Its number in the caller's namespace, or -errno (-ENODEV: no such interface). */
int interface_index(const char *name);

#endif

/*
 * TAP devices: opening them, and bursts of frames between their queues and the slab.
 *
 *   read:   | vnet header 10 | frame ...           one read() lands both, so that the frame begins where its
 *           ^ slot + 182     ^ slot + HEADROOM     slot begins and the header is consumed from the headroom
 *
 *   write:  [vnet header][patched headers][payload]...[payload]     one writev() an item of coalesce.h
 *
 * Kernel counterparts: tun_do_read, tun_get_user (drivers/net/tun.c), virtio_net_hdr_to_skb.
 */
#ifndef VTEP_TAP_H
#define VTEP_TAP_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "burst.h"
#include "coalesce.h"
#include "ring.h"

#define TAP_QUEUES 256 /* MAX_TAP_QUEUES of the kernel */

/* OFFLOAD_* of lib/native/shim.ts. */
#define TAP_CSUM 1
#define TAP_TSO4 2
#define TAP_TSO6 4
#define TAP_TSO_ECN 8
#define TAP_USO 16

struct tap {
  char name[IFNAMSIZ];
  int fds[TAP_QUEUES];
  uint32_t queues;
  int ifindex;
  bool created;      /* false: a persistent device was attached to */
  uint32_t offloads; /* TAP_* in force */
};

/**
 * tap_open() - Makes a TAP, or attaches to a persistent one.
 * @tap:          filled on success; the caller owns the descriptors
 * @name:         1 to 15 octets, or with one %d
 * @netns:        path of the namespace to make it in, or NULL
 * @queues:       1 to TAP_QUEUES
 * @vnet_header:  ask for a 10-octet vnet header and every offload the kernel has
 * Return: 0 or -errno; then nothing stays open and the thread is in its own namespace.
 */
int tap_open(struct tap *tap, const char *name, const char *netns, uint32_t queues, bool vnet_header);

/**
 * tap_where() - Where the device is now: `ip link set … netns` takes it elsewhere, and its descriptors with it.
 * @name:  filled with the name it has there
 * Return: a descriptor of its network namespace, which the caller owns; or -errno (-EBADFD: the device is gone, -EINVAL
 * where the kernel is older than 5.2).
 */
int tap_where(int fd, char name[IFNAMSIZ]);

/** tap_persist() - Whether the device outlives its last descriptor. Return: 0 or -errno. */
int tap_persist(int fd, bool on);

/**
 * tap_receive() - Reads frames until the queue is empty: entry i and slot i, for i from `first`.
 * @ring:  that of the thread, or NULL: a system call for each frame
 * @max:   at most so many
 * Return: how many, or -errno when the first read failed with other than EAGAIN (-EBADFD: the device is gone).
 * A frame that filled its slot to the last octet may have been cut by the kernel: STATUS -EMSGSIZE.
 */
int tap_receive(struct ring *ring, const struct burst *burst, int fd, uint32_t first, uint32_t max);

/** Iovecs of the items that are written in one system call: of two joined ones, or of all that fit. */
#define TAP_IOVECS (2 * COALESCE_IOVECS)

/** Working memory of tap_transmit(), about 400 KB; one a thread, needs no initialisation. */
struct tap_scratch {
  struct coalescer coalescer;
  struct arrival arrivals[COALESCE_ARRIVALS];
  uint32_t entry[COALESCE_ARRIVALS]; /* of the batch, of each arrival */
  struct iovec iovecs[TAP_IOVECS];
  struct piece pieces[SEGMENT_PIECES];
  uint8_t headers[SEGMENT_PIECES * SEGMENT_SLOT];
};

/**
 * tap_transmit() - Writes entries `from` to `to` - 1, joined where they can be. Sets STATUS of each.
 * @ring:   that of the thread, or NULL: a system call for each write
 * @modes:  COALESCE_*
 * Return: how many writes succeeded.
 */
int tap_transmit(struct tap_scratch *scratch, struct ring *ring, const struct burst *burst, uint32_t from, uint32_t to,
                 uint8_t modes);

/**
 * tap_arrivals() - Describes entries from `*next` on as arrivals, as many as one coalesce_frames() takes.
 * Entries outside the slab get STATUS -EFAULT and are left out; `*next` moves behind the last one looked at.
 * Return: how many arrivals.
 */
uint32_t tap_arrivals(struct tap_scratch *scratch, const struct burst *burst, uint32_t *next, uint32_t to,
                      uint8_t modes);

#endif

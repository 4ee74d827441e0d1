/*
 * UDP sockets of the underlay: opening them, and bursts of datagrams between them and the slab.
 *
 * Addresses are four words, most significant first, each the big-endian value of four octets; IPv4 is
 * v4-mapped (batch.h). A v4-mapped destination needs an IPv4 socket: IPv6 sockets are v6-only.
 */
#ifndef VTEP_UDP_H
#define VTEP_UDP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "burst.h"

/* Since 4.18 and 5.0; the C library's header may be older. */
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif

/** A socket address of either family. */
union udp_address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

/** udp_mapped() - Is the address of these four words an IPv4 one? */
static inline bool udp_mapped(const int32_t words[4]) { return words[0] == 0 && words[1] == 0 && words[2] == 0xffff; }

/** udp_octets() - Four words as 16 octets. */
static inline void udp_octets(const int32_t words[4], struct in6_addr *octets) {
  for (int i = 0; i < 4; i++) {
    uint32_t word = htonl((uint32_t)words[i]);
    __builtin_memcpy(&octets->s6_addr[4 * i], &word, 4);
  }
}

/** udp_address_length() - Octets of the sockaddr in use. */
static inline socklen_t udp_address_length(const union udp_address *address) {
  return address->any.sa_family == AF_INET ? sizeof address->v4 : sizeof address->v6;
}

/** udp_address_set() - Builds a socket address. @scope: interface of a link-local IPv6 address, else ignored. */
void udp_address_set(union udp_address *address, const int32_t words[4], uint16_t port, int32_t scope);

enum udp_mtu_discover { UDP_MTU_DONT, UDP_MTU_DO, UDP_MTU_PROBE };

/** Meaning of each field: UdpOptions in lib/native/shim.ts. */
struct udp_options {
  int family; /* AF_INET or AF_INET6 */
  bool bound; /* address is set */
  int32_t address[4];
  uint16_t port;
  bool reuse_port, reuse_address;
  int receive_buffer, send_buffer; /* 0 = the system's */
  bool gro;
  bool no_checksum;
  bool zero_checksum6_rx;
  bool receive_tos, receive_ttl, receive_local, receive_errors;
  enum udp_mtu_discover mtu_discover;
  bool drop_all;
  const char *device; /* NULL = any */
  const char *netns;  /* NULL = the caller's */
  int ttl;            /* 0 = the system's */
};

/** udp_open() - Opens, configures and binds a non-blocking socket. Return: descriptor, owned by the caller, or -errno. */
int udp_open(const struct udp_options *options);

/** udp_port() - The port a socket is bound to, or -errno. */
int udp_port(int fd);

/** udp_membership() - Joins or leaves a multicast group on an interface (0 = the routing table's). Return: 0 or -errno. */
int udp_membership(int fd, const int32_t group[4], int ifindex, bool join);

/**
 * udp_errors() - Drains the error queue into STATUS (errno > 0), EXTRA (ee_info), PEER0..3, PEER_PORT.
 * @max:  entries, from 0
 * Return: how many, or -errno.
 */
int udp_errors(int fd, const struct burst *burst, uint32_t max);

struct udp_receive_scratch;

/** udp_receive_new() - Working memory of udp_receive(), about 20 KB; one a thread. Return: NULL when there is no memory. */
struct udp_receive_scratch *udp_receive_new(void);

/** udp_receive_free() - Gives it back; NULL is ignored. */
void udp_receive_free(struct udp_receive_scratch *scratch);

/**
 * udp_receive() - Receives datagrams without waiting: entry i and slot i, for i from `first`.
 * @max:  at most so many
 * Return: how many, 0 when there are none, or -errno when nothing was received. A datagram longer than
 * SLOT_BYTES has STATUS -EMSGSIZE and its first SLOT_BYTES octets.
 */
int udp_receive(struct udp_receive_scratch *scratch, const struct burst *burst, int fd, uint32_t first, uint32_t max);

struct udp_transmit_scratch;

/** udp_transmit_new() - Working memory of udp_transmit(), about 450 KB; one a thread. Return: NULL when there is no memory. */
struct udp_transmit_scratch *udp_transmit_new(void);

/** udp_transmit_free() - Gives it back; NULL is ignored. */
void udp_transmit_free(struct udp_transmit_scratch *scratch);

/**
 * udp_transmit() - Sends entries `from` to `to` - 1: the 8 octets at HEADER, then the frame. Sets STATUS of each.
 * Datagrams of one socket to one destination (address, port, TOS, TTL, source, interface) leave in order.
 * Return: how many entries were sent whole.
 */
int udp_transmit(struct udp_transmit_scratch *scratch, const struct burst *burst, uint32_t from, uint32_t to);

#endif

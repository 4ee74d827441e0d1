#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h> /* uses struct timespec without saying so */

#include "descriptor.h"
#include "namespace.h"
#include "udp.h"

#ifndef UDP_NO_CHECK6_TX
#define UDP_NO_CHECK6_TX 101
#define UDP_NO_CHECK6_RX 102
#endif
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif
#ifndef IPV6_AUTOFLOWLABEL
#define IPV6_AUTOFLOWLABEL 70
#endif
#ifndef IPV6_FLOWINFO_SEND
#define IPV6_FLOWINFO_SEND 33
#endif
#ifndef IPV6_MTU_DISCOVER
#define IPV6_MTU_DISCOVER 23
#endif

void udp_address_set(union udp_address *address, const int32_t words[4], uint16_t port, int32_t scope) {
  if (udp_mapped(words)) {
    address->v4 = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl((uint32_t)words[3])};
    return;
  }
  address->v6 = (struct sockaddr_in6){
      .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = scope > 0 ? (uint32_t)scope : 0};
  udp_octets(words, &address->v6.sin6_addr);
}

static int set(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) < 0 ? -errno : 0;
}

/** Sets one option at the level of the socket's family. */
static int set_ip(int fd, int family, int name4, int name6, int value) {
  return family == AF_INET ? set(fd, IPPROTO_IP, name4, value) : set(fd, IPPROTO_IPV6, name6, value);
}

/** The privileged call may exceed net.core.rmem_max; the other is cut to it, which is no error. */
static void set_buffer(int fd, int force, int plain, int bytes) {
  if (bytes > 0 && set(fd, SOL_SOCKET, force, bytes) < 0) set(fd, SOL_SOCKET, plain, bytes);
}

/** A classic BPF program of one instruction, "accept 0 octets": the kernel drops before it queues. */
static int set_drop_all(int fd) {
  struct sock_filter drop = {.code = BPF_RET | BPF_K, .k = 0};
  struct sock_fprog program = {.len = 1, .filter = &drop};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0 ? -errno : 0;
}

static int set_device(int fd, const char *device) {
  return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) < 0 ? -errno : 0;
}

static int set_mtu_discover(int fd, int family, enum udp_mtu_discover mode) {
  static const int v4[] = {IP_PMTUDISC_DONT, IP_PMTUDISC_DO, IP_PMTUDISC_PROBE};
  static const int v6[] = {IPV6_PMTUDISC_DONT, IPV6_PMTUDISC_DO, IPV6_PMTUDISC_PROBE};
  return set_ip(fd, family, IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, family == AF_INET ? v4[mode] : v6[mode]);
}

/** IPv4 has one switch for a socket's checksums, IPv6 one for each direction. */
static int set_checksums(int fd, const struct udp_options *options) {
  if (options->family == AF_INET) return options->no_checksum ? set(fd, SOL_SOCKET, SO_NO_CHECK, 1) : 0;
  int result = options->no_checksum ? set(fd, SOL_UDP, UDP_NO_CHECK6_TX, 1) : 0;
  if (result == 0 && options->zero_checksum6_rx) result = set(fd, SOL_UDP, UDP_NO_CHECK6_RX, 1);
  return result;
}

/** What the socket reports of each datagram. */
static int set_reports(int fd, const struct udp_options *options) {
  int family = options->family;
  int result = 0;
  if (options->receive_tos) result = set_ip(fd, family, IP_RECVTOS, IPV6_RECVTCLASS, 1);
  if (result == 0 && options->receive_ttl) result = set_ip(fd, family, IP_RECVTTL, IPV6_RECVHOPLIMIT, 1);
  if (result == 0 && options->receive_local) result = set_ip(fd, family, IP_PKTINFO, IPV6_RECVPKTINFO, 1);
  if (result == 0 && options->receive_errors) result = set_ip(fd, family, IP_RECVERR, IPV6_RECVERR, 1);
  return result;
}

/** What the socket sends. Our own multicast must not come back as if a peer had sent it. */
/** The flow label is each datagram's sin6_flowinfo, and 0 means 0, not one of the kernel's making. */
static int set_flow_label(int fd) {
  int result = set(fd, IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, 0);
  return result == 0 ? set(fd, IPPROTO_IPV6, IPV6_FLOWINFO_SEND, 1) : result;
}

static int set_sending(int fd, const struct udp_options *options) {
  int family = options->family;
  int result = set_ip(fd, family, IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP, 0);
  if (result == 0 && family == AF_INET6) result = set_flow_label(fd);
  if (result == 0 && options->ttl > 0) result = set_ip(fd, family, IP_TTL, IPV6_UNICAST_HOPS, options->ttl);
  if (result == 0) result = set_mtu_discover(fd, family, options->mtu_discover);
  return result;
}

/** A group's datagrams only where the group was joined; by default every socket on the port gets a copy. */
static void set_own_groups_only(int fd, int family) {
  set_ip(fd, family, IP_MULTICAST_ALL, IPV6_MULTICAST_ALL, 0); /* IPv6: since 4.20 */
}

static int configure(int fd, const struct udp_options *options) {
  int result = options->drop_all ? set_drop_all(fd) : 0;
  if (result == 0 && options->family == AF_INET6) result = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (result == 0 && options->reuse_address) result = set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (result == 0 && options->reuse_port) result = set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (result == 0 && options->device != NULL) result = set_device(fd, options->device);
  if (result == 0) result = set_checksums(fd, options);
  if (result == 0) result = set_reports(fd, options);
  if (result == 0) result = set_sending(fd, options);
  set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, options->receive_buffer);
  set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, options->send_buffer);
  set_own_groups_only(fd, options->family);
  if (options->gro) set(fd, SOL_UDP, UDP_GRO, 1); /* a kernel without it delivers datagrams one by one */
  return result;
}

static int bind_socket(int fd, const struct udp_options *options) {
  static const int32_t any4[4] = {0, 0, 0xffff, 0}, any6[4];
  const int32_t *words = options->bound ? options->address : options->family == AF_INET ? any4 : any6;
  union udp_address address;
  udp_address_set(&address, words, options->port, 0);
  return bind(fd, &address.any, udp_address_length(&address)) < 0 ? -errno : 0;
}

/** A socket belongs to the namespace it was made in for ever; only making it needs to be there. */
static int socket_in(const char *netns, int family) {
  int home;
  int result = namespace_enter(netns, &home);
  if (result < 0) return result;
  int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);
  if (fd < 0) fd = -errno;
  result = namespace_leave(home);
  if (result == 0 || fd < 0) return fd;
  close(fd);
  return result;
}

int udp_open(const struct udp_options *options) {
  int fd = socket_in(options->netns, options->family);
  if (fd < 0) return fd;
  int result = configure(fd, options);
  if (result == 0) result = bind_socket(fd, options);
  if (result < 0) {
    close(fd);
    return result;
  }
  descriptor_set(fd, options->no_checksum ? DESCRIPTOR_NO_SEGMENT : 0);
  return fd;
}

int udp_port(int fd) {
  union udp_address address;
  socklen_t length = sizeof address;
  if (getsockname(fd, &address.any, &length) < 0) return -errno;
  if (address.any.sa_family == AF_INET) return ntohs(address.v4.sin_port);
  return address.any.sa_family == AF_INET6 ? ntohs(address.v6.sin6_port) : -EAFNOSUPPORT;
}

int udp_membership(int fd, const int32_t group[4], int ifindex, bool join) {
  struct group_req request = {.gr_interface = (uint32_t)ifindex};
  union udp_address address;
  udp_address_set(&address, group, 0, ifindex);
  memcpy(&request.gr_group, &address, udp_address_length(&address));
  int level = address.any.sa_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
  int name = join ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP;
  return setsockopt(fd, level, name, &request, sizeof request) < 0 ? -errno : 0;
}

static const struct sock_extended_err *find_error(struct msghdr *message) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
    bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
    bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
    if (v4 || v6) return (const struct sock_extended_err *)CMSG_DATA(c);
  }
  return NULL;
}

static void fill_peer(const struct burst *burst, uint32_t index, const union udp_address *peer) {
  uint32_t words[4] = {0, 0, 0xffff, 0};
  uint16_t port = peer->v4.sin_port; /* at the same place in both */
  if (peer->any.sa_family == AF_INET) memcpy(&words[3], &peer->v4.sin_addr, 4);
  else memcpy(words, &peer->v6.sin6_addr, 16);
  for (int i = 0; i < 4; i++) {
    bool constant = peer->any.sa_family == AF_INET && i < 3;
    burst_column(burst, PEER0 + i)[index] = (int32_t)(constant ? words[i] : ntohl(words[i]));
  }
  burst_column(burst, PEER_PORT)[index] = ntohs(port);
}

int udp_errors(int fd, const struct burst *burst, uint32_t max) {
  uint32_t count = 0;
  if (max > burst->capacity) max = burst->capacity;
  while (count < max) {
    _Alignas(struct cmsghdr) uint8_t control[512];
    union udp_address peer = {.any.sa_family = AF_UNSPEC};
    struct msghdr message = {
        .msg_name = &peer, .msg_namelen = sizeof peer, .msg_control = control, .msg_controllen = sizeof control};
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
      if (errno == EINTR) continue;
      return count > 0 || errno == EAGAIN ? (int)count : -errno;
    }
    const struct sock_extended_err *error = find_error(&message);
    if (error == NULL || peer.any.sa_family == AF_UNSPEC) continue;
    fill_peer(burst, count, &peer);
    burst_column(burst, STATUS)[count] = (int32_t)error->ee_errno;
    burst_column(burst, EXTRA)[count] = (int32_t)error->ee_info;
    count++;
  }
  return (int)count;
}

#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "udp.h"

/** Datagrams asked for in one system call. */
#define UDP_RECEIVE 64
/** Octets of control messages a datagram can have: GRO size, TOS, TTL, IPv6 packet info = 112. */
#define UDP_CONTROL 128

struct udp_receive_scratch {
  struct mmsghdr messages[UDP_RECEIVE];
  struct iovec iovecs[UDP_RECEIVE];
  union udp_address names[UDP_RECEIVE];
  _Alignas(struct cmsghdr) uint8_t control[UDP_RECEIVE][UDP_CONTROL];
};

struct udp_receive_scratch *udp_receive_new(void) {
  struct udp_receive_scratch *scratch = calloc(1, sizeof *scratch);
  for (int i = 0; scratch != NULL && i < UDP_RECEIVE; i++) {
    scratch->messages[i].msg_hdr = (struct msghdr){.msg_name = &scratch->names[i],
                                                   .msg_iov = &scratch->iovecs[i],
                                                   .msg_iovlen = 1,
                                                   .msg_control = scratch->control[i]};
  }
  return scratch;
}

void udp_receive_free(struct udp_receive_scratch *scratch) { free(scratch); }

/** What the control messages said; absent ones stay 0. */
struct report {
  int32_t segment, tos, ttl, ifindex;
  int32_t local[4];
};

static int32_t read_int(const struct cmsghdr *c) {
  int32_t value = 0;
  size_t length = c->cmsg_len - CMSG_LEN(0);
  if (length >= sizeof value) memcpy(&value, CMSG_DATA(c), sizeof value);
  else if (length >= 1) value = *CMSG_DATA(c); /* IP_TOS is one octet */
  return value;
}

static int32_t word(const uint8_t *octets) {
  uint32_t value;
  memcpy(&value, octets, sizeof value);
  return (int32_t)ntohl(value);
}

static void read_packet_info4(struct report *report, const struct cmsghdr *c) {
  struct in_pktinfo info;
  memcpy(&info, CMSG_DATA(c), sizeof info);
  report->ifindex = info.ipi_ifindex;
  report->local[2] = 0xffff;
  report->local[3] = (int32_t)ntohl(info.ipi_addr.s_addr);
}

static void read_packet_info6(struct report *report, const struct cmsghdr *c) {
  struct in6_pktinfo info;
  memcpy(&info, CMSG_DATA(c), sizeof info);
  report->ifindex = (int32_t)info.ipi6_ifindex;
  for (int i = 0; i < 4; i++) report->local[i] = word(&info.ipi6_addr.s6_addr[4 * i]);
}

static void read_report(struct report *report, struct msghdr *message) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) report->segment = read_int(c);
    if (c->cmsg_level == IPPROTO_IP) {
      if (c->cmsg_type == IP_TOS) report->tos = read_int(c);
      if (c->cmsg_type == IP_TTL) report->ttl = read_int(c);
      if (c->cmsg_type == IP_PKTINFO) read_packet_info4(report, c);
    }
    if (c->cmsg_level == IPPROTO_IPV6) {
      if (c->cmsg_type == IPV6_TCLASS) report->tos = read_int(c);
      if (c->cmsg_type == IPV6_HOPLIMIT) report->ttl = read_int(c);
      if (c->cmsg_type == IPV6_PKTINFO) read_packet_info6(report, c);
    }
  }
}

static void fill_source(const struct burst *burst, uint32_t index, const union udp_address *name, int32_t *scope) {
  int32_t words[4] = {0, 0, 0xffff, 0};
  if (name->any.sa_family == AF_INET) {
    words[3] = (int32_t)ntohl(name->v4.sin_addr.s_addr);
  } else {
    for (int i = 0; i < 4; i++) words[i] = word(&name->v6.sin6_addr.s6_addr[4 * i]);
    *scope = (int32_t)name->v6.sin6_scope_id;
  }
  for (int i = 0; i < 4; i++) burst_column(burst, PEER0 + i)[index] = words[i];
  burst_column(burst, PEER_PORT)[index] = ntohs(name->v4.sin_port);
}

/** A link-local source is only meaningful with its interface, asked for or not: its scope is the arrival interface. */
static void fill_entry(const struct burst *burst, uint32_t index, struct mmsghdr *message) {
  struct report report = {.segment = 0};
  int32_t scope = 0;
  bool cut = message->msg_hdr.msg_flags & MSG_TRUNC;
  if (message->msg_hdr.msg_controllen > 0) read_report(&report, &message->msg_hdr);
  fill_source(burst, index, message->msg_hdr.msg_name, &scope);
  burst_column(burst, OFFSET)[index] = (int32_t)(index * STRIDE + HEADROOM);
  burst_column(burst, LENGTH)[index] = (int32_t)message->msg_len;
  burst_column(burst, GSO_SIZE)[index] = report.segment;
  burst_column(burst, STATUS)[index] = cut ? -EMSGSIZE : 0;
  burst_column(burst, TOS)[index] = report.tos;
  burst_column(burst, TTL)[index] = report.ttl;
  burst_column(burst, IFINDEX)[index] = report.ifindex != 0 ? report.ifindex : scope;
  for (int i = 0; i < 4; i++) burst_column(burst, LOCAL0 + i)[index] = report.local[i];
}

static void clear_columns(const struct burst *burst, uint32_t first, uint32_t count) {
  static const uint8_t unused[] = {OFFLOAD, CSUM, HEADER, PORT};
  for (size_t i = 0; i < sizeof unused; i++) {
    memset(burst_column(burst, unused[i]) + first, 0, count * sizeof(int32_t));
  }
}

/** One recvmmsg. An error that an ICMP message left on the socket is told once and hides nothing: ask again. */
static int receive_some(struct udp_receive_scratch *scratch, int fd, uint32_t count) {
  for (int attempt = 0;; attempt++) {
    int got = recvmmsg(fd, scratch->messages, count, MSG_DONTWAIT, NULL);
    if (got >= 0) return got;
    if (errno == EAGAIN) return 0;
    if (attempt > 0 && errno != EINTR) return -errno;
  }
}

int udp_receive(struct udp_receive_scratch *scratch, const struct burst *burst, int fd, uint32_t first, uint32_t max) {
  uint32_t slots = burst_slots(burst, first, max);
  uint32_t done = 0;
  while (done < slots) {
    uint32_t ask = slots - done < UDP_RECEIVE ? slots - done : UDP_RECEIVE;
    for (uint32_t i = 0; i < ask; i++) {
      uint8_t *slot = burst->bytes + (size_t)(first + done + i) * STRIDE + HEADROOM;
      scratch->iovecs[i] = (struct iovec){slot, SLOT_BYTES};
      scratch->messages[i].msg_hdr.msg_namelen = sizeof scratch->names[i];
      scratch->messages[i].msg_hdr.msg_controllen = UDP_CONTROL;
    }
    int got = receive_some(scratch, fd, ask);
    if (got < 0 && done == 0) return got;
    if (got <= 0) break;
    for (int i = 0; i < got; i++) fill_entry(burst, first + done + (uint32_t)i, &scratch->messages[i]);
    done += (uint32_t)got;
    if ((uint32_t)got < ask) break;
  }
  clear_columns(burst, first, done);
  return (int)done;
}

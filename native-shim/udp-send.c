/*
 * Sending what was gathered: per socket, in order of creation, sendmmsg() of sends, each of them one UDP_SEGMENT run;
 * where the kernel refuses a run, its datagrams one by one before the next begins.
 *
 * Kernel counterparts: udp_sendmsg, udp_send_skb, __udp_gso_segment.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "descriptor.h"
#include "udp-send.h"

/**
 * May this error be an older datagram's, reported by ICMP and kept on the socket until the next call? (icmp_err_convert,
 * icmpv6_err_convert). The call that meets it sent nothing and clears it.
 */
static bool may_be_pending(int error) {
  switch (error) {
    case ECONNREFUSED: case EHOSTUNREACH: case ENETUNREACH: case EHOSTDOWN: case ENONET:
    case EMSGSIZE: case EPROTO: case ENOPROTOOPT: case EOPNOTSUPP: case EACCES:
      return true;
    default:
      return false;
  }
}

/**
 * Sends messages in order, up to the first that is refused.
 * @error:  set to its -errno
 * Return: how many were sent; `count` when all were.
 */
static uint32_t send_messages(int fd, struct mmsghdr *messages, uint32_t count, int *error) {
  uint32_t done = 0;
  bool again = false;
  while (done < count) {
    int sent = sendmmsg(fd, messages + done, count - done, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      done += (uint32_t)sent;
      again = false;
    } else if (errno != EINTR) {
      *error = -errno;
      if (again || !may_be_pending(errno)) return done;
      again = true;
    }
  }
  return done;
}

static void *put_control(struct msghdr *message, int level, int type, size_t length) {
  struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)message->msg_control + message->msg_controllen);
  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN(length);
  message->msg_controllen += CMSG_SPACE(length);
  return CMSG_DATA(c);
}

static void put_int(struct msghdr *message, int level, int type, int value) {
  memcpy(put_control(message, level, type, sizeof value), &value, sizeof value);
}

static void put_packet_info4(struct msghdr *message, const int32_t *key) {
  struct in_pktinfo info = {.ipi_ifindex = key[KEY_IFINDEX]};
  if (udp_mapped(&key[KEY_LOCAL])) info.ipi_spec_dst.s_addr = htonl((uint32_t)key[KEY_LOCAL + 3]);
  memcpy(put_control(message, IPPROTO_IP, IP_PKTINFO, sizeof info), &info, sizeof info);
}

static void put_packet_info6(struct msghdr *message, const int32_t *key) {
  struct in6_pktinfo info = {.ipi6_ifindex = (unsigned)key[KEY_IFINDEX]};
  udp_octets(&key[KEY_LOCAL], &info.ipi6_addr);
  memcpy(put_control(message, IPPROTO_IPV6, IPV6_PKTINFO, sizeof info), &info, sizeof info);
}

static bool has_source(const int32_t *key) {
  const int32_t *local = &key[KEY_LOCAL];
  if (key[KEY_IFINDEX] != 0) return true;
  return udp_mapped(local) ? local[3] != 0 : (local[0] | local[1] | local[2] | local[3]) != 0;
}

/** The message of a whole send, but for UDP_SEGMENT. */
static void describe_send(struct send *send, struct msghdr *message) {
  const int32_t *key = send->key;
  udp_address_set(&send->to, &key[KEY_PEER], (uint16_t)key[KEY_PORT], key[KEY_IFINDEX]);
  *message = (struct msghdr){.msg_name = &send->to,
                             .msg_namelen = udp_address_length(&send->to),
                             .msg_iov = send->iovecs,
                             .msg_iovlen = send->vectors,
                             .msg_control = send->control};
  bool v4 = send->to.any.sa_family == AF_INET;
  int tos = key[KEY_TOS] & 0xff;
  if (tos != 0) put_int(message, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS, tos);
  if (!v4) send->to.v6.sin6_flowinfo = htonl((uint32_t)key[KEY_TOS] >> 8 & 0xfffff);
  if (key[KEY_TTL] != 0) put_int(message, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_HOPLIMIT, key[KEY_TTL]);
  if (!has_source(key)) return;
  if (v4) put_packet_info4(message, key);
  else put_packet_info6(message, key);
}

static void put_segment(struct send *send, struct msghdr *message) {
  if (send->count < 2) return;
  uint16_t size = (uint16_t)send->size;
  memcpy(put_control(message, SOL_UDP, UDP_SEGMENT, sizeof size), &size, sizeof size);
}

static void note_error(struct send *send, uint32_t datagram, int error, int32_t *status) {
  int32_t *of_entry = &status[send->entry[datagram]];
  if (*of_entry == 0) *of_entry = error;
}

/** Sends the datagrams of one send each by itself. */
static void send_apart(struct udp_transmit_scratch *scratch, struct send *send, int32_t *status) {
  struct msghdr whole;
  struct iovec *iovec = send->iovecs;
  describe_send(send, &whole);
  for (uint32_t d = 0; d < send->count; d++) {
    scratch->datagrams[d].msg_hdr = whole;
    scratch->datagrams[d].msg_hdr.msg_iov = iovec;
    scratch->datagrams[d].msg_hdr.msg_iovlen = send->pieces[d];
    iovec += send->pieces[d];
  }
  for (uint32_t done = 0; done < send->count; done++) {
    int error;
    done += send_messages(send->key[KEY_FD], scratch->datagrams + done, send->count - done, &error);
    if (done < send->count) note_error(send, done, error, status);
  }
}

/**
 * Was the run refused, rather than its datagrams? EINVAL and EMSGSIZE: a segment exceeds the path MTU, or the socket
 * has no checksum. EIO: the egress cannot checksum, or IPsec transforms the packet; that stays so.
 */
static bool run_refused(const struct send *send, int error) {
  if (send->count < 2) return false;
  if (error == -EIO) descriptor_add(send->key[KEY_FD], DESCRIPTOR_NO_SEGMENT);
  return error == -EIO || error == -EINVAL || error == -EMSGSIZE;
}

static void settle_refused(struct udp_transmit_scratch *scratch, struct send *send, int error, int32_t *status) {
  if (run_refused(send, error)) {
    send_apart(scratch, send, status);
    return;
  }
  for (uint32_t d = 0; d < send->count; d++) note_error(send, d, error, status);
}

/** Sends of one socket, in order: a run that is refused leaves datagram by datagram before the next begins. */
static void send_chosen(struct udp_transmit_scratch *scratch, const uint8_t *chosen, uint32_t count, int32_t *status) {
  int fd = scratch->send[chosen[0]].key[KEY_FD];
  for (uint32_t done = 0; done < count; done++) {
    int error;
    done += send_messages(fd, scratch->runs + done, count - done, &error);
    if (done < count) settle_refused(scratch, &scratch->send[chosen[done]], error, status);
  }
}

void udp_send_flush(struct udp_transmit_scratch *scratch, int32_t *status) {
  uint8_t chosen[SENDS];
  bool gone[SENDS] = {false};
  for (uint32_t first = 0; first < scratch->sends; first++) {
    if (gone[first]) continue;
    uint32_t count = 0;
    for (uint32_t i = first; i < scratch->sends; i++) {
      if (gone[i] || scratch->send[i].key[KEY_FD] != scratch->send[first].key[KEY_FD]) continue;
      struct msghdr *message = &scratch->runs[count].msg_hdr;
      describe_send(&scratch->send[i], message);
      put_segment(&scratch->send[i], message);
      gone[i] = true;
      chosen[count++] = (uint8_t)i;
    }
    send_chosen(scratch, chosen, count, status);
  }
  scratch->sends = 0;
  memset(scratch->place, 0, sizeof scratch->place);
}

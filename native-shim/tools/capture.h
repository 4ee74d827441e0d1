/*
 * Frames of an interface by an AF_PACKET socket, as they are on the wire: a VLAN tag the kernel keeps beside the frame
 * (PACKET_AUXDATA) is put back where it was.
 */
#ifndef VTEP_CAPTURE_H
#define VTEP_CAPTURE_H

#include "tool.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>

enum { MAX_FRAME = 65536 + 64, ETHERNET = 14, TAG = 4 };

/* A socket that receives every frame of an interface, and sends frames on it. */
static inline int open_capture(const char *interface) {
  struct sockaddr_ll where = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(interface)};
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), on = 1, size = 32 << 20;
  if (fd < 0) fail("packet socket (needs CAP_NET_RAW)");
  if (where.sll_ifindex == 0) fail(interface);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&where, sizeof where) < 0) fail("bind");
  return fd;
}

/* Puts back a tag the kernel took off; the frame lies TAG octets into its buffer. Returns its new start. */
static inline uint8_t *restore_tag(uint8_t *frame, struct msghdr *message, size_t *length) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
    struct tpacket_auxdata aux;
    if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA) continue;
    memcpy(&aux, CMSG_DATA(c), sizeof aux);
    if (!(aux.tp_status & TP_STATUS_VLAN_VALID) || *length < 12) return frame;
    int protocol = aux.tp_status & TP_STATUS_VLAN_TPID_VALID ? aux.tp_vlan_tpid : ETH_P_8021Q;
    memmove(frame - TAG, frame, 12);
    frame[8] = (uint8_t)(protocol >> 8);
    frame[9] = (uint8_t)protocol;
    frame[10] = (uint8_t)(aux.tp_vlan_tci >> 8);
    frame[11] = (uint8_t)aux.tp_vlan_tci;
    *length += TAG;
    return frame - TAG;
  }
  return frame;
}

/* The next frame, valid until the next call, or NULL when none waits; `out` for one that this host sends. */
static inline uint8_t *receive_frame(int fd, size_t *length, bool *out) {
  static uint8_t buffer[TAG + MAX_FRAME];
  struct sockaddr_ll from;
  char control[128];
  struct iovec iov = {buffer + TAG, MAX_FRAME};
  struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);
  if (n < 0) return NULL;
  *length = (size_t)n;
  *out = from.sll_pkttype == PACKET_OUTGOING;
  return restore_tag(buffer + TAG, &message, length);
}

/* Writes `length` octets as digits and a zero. */
static inline void to_hex(const uint8_t *octets, size_t length, char *hex) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < length; i++) {
    hex[2 * i] = digits[octets[i] >> 4];
    hex[2 * i + 1] = digits[octets[i] & 15];
  }
  hex[2 * length] = 0;
}

#endif

/*
 * The transmit half of the underlay, in the order in which entries meet it:
 *
 *   1. check       the entry's header and frame against the slab
 *   2. cut         segment_frame(): one super-frame becomes pieces, headers in the arena, payload in the slab
 *   3. gather      a datagram joins the newest send of its key if it fits there, else begins another
 *   4. flush       per socket, in order of creation, sendmmsg() of sends, each of them one UDP_SEGMENT run
 *   5. fall back   where the kernel refuses a run, its datagrams one by one
 *
 *   key    socket, destination, port, source, interface, TOS, TTL
 *   send   [d0][d1][d2]...[dn]   all as long as d0, the last may be shorter and closes it; n < 64
 *
 * Order within a key is kept because a datagram joins only the newest send of its key, and a send once closed stays
 * so. Several sends are open at a time, so flows that alternate in a burst still travel in runs.
 *
 * Kernel counterparts: udp_sendmsg, udp_send_skb, __udp_gso_segment.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "descriptor.h"
#include "udp.h"

/** Datagrams in a send: UDP_MAX_SEGMENTS of kernels before 6.9 (128 since). */
#define SEND_DATAGRAMS 64
/** Sends gathered before a flush. */
#define SENDS 32
/** Pieces whose headers are kept until the flush; more than one super-frame may need (SEGMENT_PIECES). */
#define ARENA_PIECES 512

/**
 * Longest send of more than one datagram: IP, UDP, an Ethernet header and a tag included it stays below 65,536.
 * At 65,507 the packet would pass the socket but exceed the device's gso_max_size, and be segmented in software.
 */
#define SEND_BYTES4 (65535 - 18 - 20 - 8)
#define SEND_BYTES6 (65535 - 18 - 40 - 8)

/** Control messages of a send: TOS 24, TTL 24, IPv6 packet info 40, segment size 24. */
#define SEND_CONTROL 128

enum key_word { KEY_FD, KEY_PORT, KEY_PEER, KEY_LOCAL = KEY_PEER + 4, KEY_IFINDEX = KEY_LOCAL + 4, KEY_TOS, KEY_TTL, KEY_WORDS };

struct send {
  int32_t key[KEY_WORDS];
  bool closed;
  uint32_t count;  /* datagrams */
  uint32_t size;   /* octets of the first */
  uint32_t total;  /* octets of all */
  uint32_t vectors;
  uint32_t entry[SEND_DATAGRAMS];  /* of the batch, of each datagram */
  uint8_t pieces[SEND_DATAGRAMS];  /* iovecs of each datagram */
  struct iovec iovecs[2 * SEND_DATAGRAMS];
  union udp_address to;
  _Alignas(struct cmsghdr) uint8_t control[SEND_CONTROL];
};

struct udp_transmit_scratch {
  uint32_t sends;
  uint32_t arena_used;
  uint32_t hash[SENDS]; /* of each send's key, apart so that a search reads two cache lines */
  struct send send[SENDS];
  struct mmsghdr runs[SENDS];               /* of one socket, for one sendmmsg() */
  struct mmsghdr datagrams[SEND_DATAGRAMS]; /* of a run that was refused */
  struct piece pieces[SEGMENT_PIECES];
  uint8_t arena[ARENA_PIECES * SEGMENT_SLOT];
};

_Static_assert(SEGMENT_PIECES <= ARENA_PIECES, "a flush makes room for any super-frame");

struct udp_transmit_scratch *udp_transmit_new(void) { return calloc(1, sizeof(struct udp_transmit_scratch)); }

void udp_transmit_free(struct udp_transmit_scratch *scratch) { free(scratch); }

/* --- sending ---------------------------------------------------------------------------------------- */

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
  if (key[KEY_TOS] != 0) put_int(message, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS, key[KEY_TOS]);
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

/** Sends everything gathered, socket by socket, and forgets it. The arena stays: an entry may be half gathered. */
static void flush(struct udp_transmit_scratch *scratch, int32_t *status) {
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
}

/* --- gathering -------------------------------------------------------------------------------------- */

/** Columns of one call, so that no multiplication is made per entry. */
struct columns {
  const int32_t *key[KEY_WORDS];
  const int32_t *offset, *length, *offload, *header;
  int32_t *status;
};

static struct columns find_columns(const struct burst *burst) {
  static const uint8_t of_key[KEY_WORDS] = {PORT,   PEER_PORT, PEER0,  PEER1,  PEER2,   PEER3, LOCAL0,
                                            LOCAL1, LOCAL2,    LOCAL3, IFINDEX, TOS, TTL};
  struct columns columns = {.offset = burst_column(burst, OFFSET),
                            .length = burst_column(burst, LENGTH),
                            .offload = burst_column(burst, OFFLOAD),
                            .header = burst_column(burst, HEADER),
                            .status = burst_column(burst, STATUS)};
  for (int i = 0; i < KEY_WORDS; i++) columns.key[i] = burst_column(burst, of_key[i]);
  return columns;
}

static uint32_t read_key(const struct columns *columns, uint32_t index, int32_t key[KEY_WORDS]) {
  uint32_t hash = 0;
  for (int i = 0; i < KEY_WORDS; i++) {
    key[i] = columns->key[i][index];
    hash = (hash ^ (uint32_t)key[i]) * 0x9e3779b1u;
  }
  return hash;
}

/** The newest send of a key, or NULL. */
static struct send *find_send(struct udp_transmit_scratch *scratch, const int32_t *key, uint32_t hash) {
  for (uint32_t i = scratch->sends; i-- > 0;) {
    if (scratch->hash[i] == hash && memcmp(scratch->send[i].key, key, sizeof scratch->send[i].key) == 0) {
      return &scratch->send[i];
    }
  }
  return NULL;
}

static struct send *begin_send(struct udp_transmit_scratch *scratch, const int32_t *key, uint32_t hash, uint32_t size) {
  struct send *send = &scratch->send[scratch->sends];
  scratch->hash[scratch->sends++] = hash;
  memcpy(send->key, key, sizeof send->key);
  send->size = size;
  send->count = send->total = send->vectors = 0;
  send->closed = descriptor_facts(key[KEY_FD]) & DESCRIPTOR_NO_SEGMENT;
  return send;
}

static bool fits(const struct send *send, uint32_t length) {
  uint32_t limit = udp_mapped(&send->key[KEY_PEER]) ? SEND_BYTES4 : SEND_BYTES6;
  return !send->closed && send->count < SEND_DATAGRAMS && length <= send->size && send->total + length <= limit;
}

/** Adds one datagram to a send that fits it, or has none. */
static void join(struct send *send, uint32_t entry, const struct iovec *iovecs, uint32_t count, uint32_t length) {
  for (uint32_t i = 0; i < count; i++) send->iovecs[send->vectors++] = iovecs[i];
  send->entry[send->count] = entry;
  send->pieces[send->count++] = (uint8_t)count;
  send->total += length;
  if (length < send->size) send->closed = true;
}

/** Adds the datagrams of one entry: pieces, each of one or two iovecs. */
static void gather(struct udp_transmit_scratch *scratch, const struct columns *columns, uint32_t entry,
                   const struct piece *pieces, int count) {
  int32_t key[KEY_WORDS];
  uint32_t hash = read_key(columns, entry, key);
  struct send *send = find_send(scratch, key, hash);
  for (int i = 0; i < count; i++) {
    uint32_t length = (uint32_t)(pieces[i].header.iov_len + pieces[i].payload.iov_len);
    if (send == NULL || !fits(send, length)) {
      if (scratch->sends == SENDS) flush(scratch, columns->status);
      send = begin_send(scratch, key, hash, length);
    }
    join(send, entry, &pieces[i].header, pieces[i].payload.iov_len > 0 ? 2 : 1, length);
  }
}

/** A frame that needs nothing done: header and frame as they stand, in one iovec where they touch. */
static void gather_whole(struct udp_transmit_scratch *scratch, const struct columns *columns, uint32_t entry,
                         uint8_t *header, uint8_t *frame, uint32_t length) {
  struct piece piece = {{header, VXLAN_BYTES}, {frame, length}};
  if (header + VXLAN_BYTES == frame) piece = (struct piece){{header, VXLAN_BYTES + length}, {NULL, 0}};
  gather(scratch, columns, entry, &piece, 1);
}

/** Cuts into the arena; when that is full, sends what it holds and cuts again. Return: pieces, or a negative fault. */
static int cut(struct udp_transmit_scratch *scratch, const struct burst *burst, const struct columns *columns,
               uint32_t entry, uint8_t *header, uint8_t *frame) {
  struct offload offload = burst_offload(burst, entry);
  uint32_t length = (uint32_t)columns->length[entry];
  for (int attempt = 0;; attempt++) {
    uint32_t left = ARENA_PIECES - scratch->arena_used;
    int room = left < SEGMENT_PIECES ? (int)left : SEGMENT_PIECES;
    uint8_t *headers = scratch->arena + scratch->arena_used * SEGMENT_SLOT;
    int pieces = room == 0 ? SEGMENT_NO_ROOM
                           : segment_frame(frame, length, &offload, header, VXLAN_BYTES, scratch->pieces, room, headers);
    if (pieces != SEGMENT_NO_ROOM || attempt > 0) return pieces;
    flush(scratch, columns->status);
    scratch->arena_used = 0;
  }
}

static void gather_cut(struct udp_transmit_scratch *scratch, const struct burst *burst, const struct columns *columns,
                       uint32_t entry, uint8_t *header, uint8_t *frame) {
  int pieces = cut(scratch, burst, columns, entry, header, frame);
  if (pieces < 0) {
    columns->status[entry] = segment_errno(pieces);
    return;
  }
  scratch->arena_used += (uint32_t)pieces;
  gather(scratch, columns, entry, scratch->pieces, pieces);
}

int udp_transmit(struct udp_transmit_scratch *scratch, const struct burst *burst, uint32_t from, uint32_t to) {
  struct columns columns = find_columns(burst);
  int sent = 0;
  for (uint32_t i = from; i < to; i++) {
    int32_t header = columns.header[i], offset = columns.offset[i], length = columns.length[i];
    if (!burst_holds(burst, header, VXLAN_BYTES) || !burst_holds(burst, offset, length)) {
      columns.status[i] = -EFAULT;
      continue;
    }
    columns.status[i] = 0;
    uint8_t *head = burst->bytes + header, *frame = burst->bytes + offset;
    if (columns.offload[i] == 0) gather_whole(scratch, &columns, i, head, frame, (uint32_t)length);
    else gather_cut(scratch, burst, &columns, i, head, frame);
  }
  flush(scratch, columns.status);
  scratch->arena_used = 0;
  for (uint32_t i = from; i < to; i++) sent += columns.status[i] == 0;
  return sent;
}

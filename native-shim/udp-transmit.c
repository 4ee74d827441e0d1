/*
 * The transmit half of the underlay, in the order in which entries meet it:
 *
 *   1. check       the entry's header and frame against the slab
 *   2. cut         segment_frame(): one super-frame becomes pieces, headers in the arena, payload in the slab
 *   3. gather      a datagram joins the newest send of its key if it fits there, else begins another
 *   4. flush       udp-send.c
 *
 * Order within a key is kept because a datagram joins only the newest send of its key, and a send once closed stays
 * so. Several sends are open at a time, so flows that alternate in a burst still travel in runs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "burst.h"
#include "descriptor.h"
#include "udp-send.h"

/**
 * Longest send of more than one datagram: IP, UDP, an Ethernet header and a tag included it stays below 65,536.
 * At 65,507 the packet would pass the socket but exceed the device's gso_max_size, and be segmented in software.
 */
#define SEND_BYTES4 (65535 - 18 - 20 - 8)
#define SEND_BYTES6 (65535 - 18 - 40 - 8)

struct udp_transmit_scratch *udp_transmit_new(void) { return calloc(1, sizeof(struct udp_transmit_scratch)); }

void udp_transmit_free(struct udp_transmit_scratch *scratch) { free(scratch); }

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

/** The place of a key: that of its newest send, or a free one. */
static uint8_t *find_place(struct udp_transmit_scratch *scratch, const int32_t *key, uint32_t hash) {
  for (uint32_t at = hash >> 24;; at = (at + 1) % SEND_PLACES) {
    uint8_t *place = &scratch->place[at];
    if (*place == 0) return place;
    uint32_t number = *place - 1u;
    if (scratch->hash[number] == hash && memcmp(scratch->send[number].key, key, sizeof scratch->send[number].key) == 0) {
      return place;
    }
  }
}

/** The newest send of a key, or NULL. */
static struct send *find_send(struct udp_transmit_scratch *scratch, const int32_t *key, uint32_t hash) {
  uint8_t number = *find_place(scratch, key, hash);
  return number == 0 ? NULL : &scratch->send[number - 1];
}

static struct send *begin_send(struct udp_transmit_scratch *scratch, const int32_t *key, uint32_t hash, uint32_t size) {
  uint8_t *place = find_place(scratch, key, hash);
  struct send *send = &scratch->send[scratch->sends];
  scratch->hash[scratch->sends++] = hash;
  *place = (uint8_t)scratch->sends;
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
      if (scratch->sends == SENDS) udp_send_flush(scratch, columns->status);
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
    udp_send_flush(scratch, columns->status);
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
  udp_send_flush(scratch, columns.status);
  scratch->arena_used = 0;
  for (uint32_t i = from; i < to; i++) sent += columns.status[i] == 0;
  return sent;
}

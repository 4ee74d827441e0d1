/*
 * Random and mutated frames through parsing, segmentation and coalescing. Every frame lies at the end of memory
 * of exactly its size, so that a sanitizer sees the first octet read too far.
 *
 *   fuzz [cases] [seed]      default 1,000,000 frames, seed 1; the same seed gives the same run
 *
 * What must hold, whatever the octets:
 *   - a refused frame is unchanged; a passed one is, but for a finished checksum
 *   - pieces are whole packets with right checksums
 *   - coalescing loses, doubles and reorders (within a flow) nothing, and changes no octet of a frame
 *   - a joined item, segmented, gives its frames back; a segmented super-frame, coalesced, gives itself back
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../checksum.h"
#include "../coalesce.h"
#include "../packet.h"
#include "../segment.h"
#include "frames.h"

#define CORPUS 96
#define BURST 24

static uint64_t state;
static struct coalescer coalescer;
static uint8_t work[70000], joined[70000];
static uint64_t statistics[6]; /* frames, refused, cut, joined frames, items, round trips */

static uint32_t random32(void) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (uint32_t)((state * 0x2545f4914f6cdd1dull) >> 32);
}

static uint32_t below(uint32_t limit) { return (uint32_t)((uint64_t)random32() * limit >> 32); }
static int one_in(uint32_t n) { return below(n) == 0; }

#define MUST(condition)                                                                        \
  do {                                                                                         \
    if (!(condition)) {                                                                        \
      fprintf(stderr, "%s:%d: %s (case %llu)\n", __FILE__, __LINE__, #condition,               \
              (unsigned long long)statistics[0]);                                              \
      abort();                                                                                 \
    }                                                                                          \
  } while (0)

/* Memory that ends where the frame ends. */
static uint8_t *exact(const uint8_t *bytes, uint32_t length) {
  uint8_t *memory = malloc(length == 0 ? 1 : length);
  MUST(memory != NULL);
  memcpy(memory, bytes, length);
  return memory;
}

static struct shape random_shape(void) {
  struct shape shape = frame_defaults();
  shape.version = one_in(2) ? 6 : 4;
  shape.protocol = one_in(3) ? 17 : 6;
  shape.tagged = (uint8_t)(one_in(4) + one_in(4));
  shape.df = (uint8_t)!one_in(4);
  shape.tos = (uint8_t)below(4);
  shape.option_length = (uint8_t)(below(11) * 4);
  shape.ip_options = one_in(8) ? 16 : 0;
  shape.unfinished = (uint8_t)one_in(3);
  shape.fill = (uint8_t)random32();
  shape.id = (uint16_t)random32();
  shape.sequence = one_in(4) ? 0xffffff00 : random32();
  shape.source_port = (uint16_t)(1024 + below(4));
  shape.flags = TCP_ACK;
  if (one_in(4)) shape.flags |= TCP_PSH;
  if (one_in(8)) shape.flags |= TCP_CWR | TCP_ECE;
  shape.payload = one_in(40) ? below(65000) : one_in(3) ? below(3000) : below(200);
  return shape;
}

/* Changes octets, mostly in the headers, and sometimes the length; sometimes makes the checksums right again. */
static uint32_t mutate(uint8_t *frame, uint32_t length) {
  static const uint8_t telling[] = {0, 1, 4, 5, 6, 8, 17, 0x40, 0x45, 0x50, 0x60, 0x7f, 0x80, 0x81, 0xdd, 0xff};
  uint32_t times = below(5);
  for (; times > 0 && length > 0; times--) {
    uint32_t at = below(one_in(8) || length < 90 ? length : 90);
    frame[at] = one_in(2) ? telling[below(sizeof telling)] : (uint8_t)(frame[at] ^ 1u << below(8));
  }
  if (one_in(10)) length = below(length + 1);
  if (one_in(20)) {
    memset(frame + length, 0, 40);
    length += below(40);
  }
  struct packet packet;
  if (one_in(2) && packet_parse(frame, length, &packet) == 0) {
    struct offload finish = {VNET_NEEDS_CSUM, 0, 0, packet.transport,
                             (uint16_t)(packet_check(&packet) - packet.transport)};
    struct piece piece;
    uint8_t scratch[SEGMENT_SLOT];
    segment_frame(frame, length, &finish, NULL, 0, &piece, 1, scratch);
    uint8_t *ip = frame + packet.network;
    if (packet.version == 4) {
      store16(ip + 10, 0);
      store16(ip + 10, checksum_finish(checksum_add(ip, (size_t)(ip[0] & 15) * 4, 0)));
    }
  }
  return length;
}

static struct offload random_offload(const uint8_t *frame, uint32_t length) {
  static const uint8_t types[] = {0, VNET_GSO_TCPV4, VNET_GSO_TCPV6, VNET_GSO_UDP_L4, 3, 0xff};
  struct packet packet;
  struct offload offload = {(uint8_t)below(3), types[below(sizeof types)], (uint16_t)below(2000),
                            (uint16_t)below(200), (uint16_t)below(40)};
  if (one_in(8)) offload.csum_start = (uint16_t)random32();
  if (packet_parse(frame, length, &packet) == 0 && !one_in(4)) {
    offload.flags = VNET_NEEDS_CSUM;
    offload.csum_start = packet.transport;
    offload.csum_offset = (uint16_t)(packet_check(&packet) - packet.transport);
    if (offload.gso_type != 0) {
      offload.gso_type = packet.protocol == PROTOCOL_UDP ? VNET_GSO_UDP_L4
                         : packet.version == 4           ? VNET_GSO_TCPV4
                                                         : VNET_GSO_TCPV6;
      offload.gso_size = (uint16_t)(below(one_in(4) ? 60 : 1500) + !one_in(50));
    }
  }
  return offload;
}

/* Octets of a piece in memory of its own. */
static uint8_t *assemble(const struct piece *piece, uint32_t *length) {
  *length = (uint32_t)(piece->header.iov_len + piece->payload.iov_len);
  uint8_t *memory = malloc(*length == 0 ? 1 : *length);
  MUST(memory != NULL);
  memcpy(memory, piece->header.iov_base, piece->header.iov_len);
  memcpy(memory + piece->header.iov_len, piece->payload.iov_base, piece->payload.iov_len);
  return memory;
}

static void check_piece(const struct piece *piece, const uint8_t *prefix, uint32_t prefix_length, int cut) {
  uint32_t length;
  uint8_t *wire = assemble(piece, &length);
  MUST(length >= prefix_length && memcmp(wire, prefix, prefix_length) == 0);
  if (cut) {
    uint8_t *frame = exact(wire + prefix_length, length - prefix_length);
    struct packet packet;
    MUST(packet_parse(frame, length - prefix_length, &packet) == 0);
    MUST(packet.end == length - prefix_length);
    if (!packet.options) MUST(packet_verifies(frame, &packet));
    free(frame);
  }
  free(wire);
}

/* Only a checksum field may differ, and only when one was to be finished. */
static void check_unaltered(const uint8_t *before, const uint8_t *after, uint32_t length, const struct offload *offload) {
  if (memcmp(before, after, length) == 0) return;
  struct packet packet;
  MUST(offload->flags & VNET_NEEDS_CSUM);
  MUST(packet_parse(after, length, &packet) == 0);
  uint32_t field = packet_check(&packet);
  MUST(memcmp(before, after, field) == 0);
  MUST(memcmp(before + field + 2, after + field + 2, length - field - 2) == 0);
  MUST(packet_verifies(after, &packet));
}

static void fuzz_segment(const uint8_t *bytes, uint32_t length) {
  static const uint8_t vxlan[8] = {8, 0, 0, 0, 0, 0, 1, 0};
  struct offload offload = random_offload(bytes, length);
  uint8_t *frame = exact(bytes, length);
  int room = one_in(3) ? SEGMENT_PIECES : 1 + (int)below(64);
  struct piece *pieces = malloc((size_t)room * sizeof *pieces);
  uint8_t *scratch = malloc((size_t)room * SEGMENT_SLOT);
  int count = segment_frame(frame, length, &offload, vxlan, sizeof vxlan, pieces, room, scratch);
  MUST(count != 0 && count <= room);
  if (count < 0) {
    statistics[1]++;
    MUST(strcmp(segment_reason(count), "unknown") != 0);
    MUST(memcmp(frame, bytes, length) == 0);
  } else {
    statistics[2] += count > 1;
    for (int i = 0; i < count; i++) check_piece(&pieces[i], vxlan, sizeof vxlan, count > 1);
    check_unaltered(bytes, frame, length, &offload);
  }
  free(frame);
  free(pieces);
  free(scratch);
}

/* What an item's virtio-net header asks for. */
static struct offload read_vnet(const struct item *item) {
  const uint8_t *v = item->vnet;
  return (struct offload){v[0], v[1], (uint16_t)(v[4] | v[5] << 8), (uint16_t)(v[6] | v[7] << 8),
                          (uint16_t)(v[8] | v[9] << 8)};
}

/* A source frame as segmentation would make it: checksum finished, IPv4 id counted on from the first frame's. */
static void settle(uint8_t *frame, const struct packet *packet, uint32_t first_id, uint32_t index) {
  uint8_t *ip = frame + packet->network;
  uint32_t length = packet->end - packet->transport;
  uint8_t *field = frame + packet_check(packet);
  store16(field, 0);
  uint64_t sum = checksum_add(frame + packet->transport, length, packet_pseudo(frame, packet, length));
  store16(field, packet->protocol == PROTOCOL_UDP ? checksum_finish_udp(sum) : checksum_finish(sum));
  if (packet->version == 6) return;
  if (ip[6] & 0x40) write16(ip + 4, (uint16_t)(first_id + index));
  store16(ip + 10, 0);
  store16(ip + 10, checksum_finish(checksum_add(ip, IPV4_BYTES, 0)));
}

/* Segments a joined item: its frames must come back. */
static void check_taken_apart(const struct arrival *arrivals, const struct item *item) {
  static struct piece pieces[SEGMENT_PIECES];
  static uint8_t scratch[SEGMENT_PIECES * SEGMENT_SLOT];
  struct iovec iovecs[COALESCE_IOVECS];
  int used = coalesce_iovecs(&coalescer, arrivals, item, iovecs);
  uint32_t length = 0;
  MUST(used == 2 + item->count);
  for (int i = 1; i < used; i++) {
    memcpy(joined + length, iovecs[i].iov_base, iovecs[i].iov_len);
    length += (uint32_t)iovecs[i].iov_len;
  }
  MUST(length == item->length);
  struct offload offload = read_vnet(item);
  MUST(segment_frame(joined, length, &offload, NULL, 0, pieces, SEGMENT_PIECES, scratch) == item->count);
  uint32_t at = item->first, first_id = 0;
  for (uint32_t i = 0; i < item->count; i++, at = coalescer.next[at]) {
    struct packet packet;
    uint32_t piece_length;
    uint8_t *piece = assemble(&pieces[i], &piece_length);
    uint8_t *source = exact(arrivals[at].frame, arrivals[at].length);
    MUST(piece_length == arrivals[at].length);
    MUST(packet_parse(source, piece_length, &packet) == 0);
    if (i == 0) first_id = read16(source + packet.network + 4);
    settle(source, &packet, first_id, i);
    MUST(memcmp(source, piece, piece_length) == 0);
    free(source);
    free(piece);
  }
  statistics[3] += item->count;
}

static void check_alone(const struct arrival *arrivals, const struct item *item) {
  const struct arrival *arrival = &arrivals[item->first];
  uint8_t vnet[VNET_BYTES];
  MUST(item->header == arrival->frame && item->length == arrival->length);
  coalesce_alone(arrival, vnet);
  MUST(memcmp(vnet, item->vnet, VNET_BYTES) == 0);
}

static int same_flow(const struct arrival *a, const struct arrival *b) {
  struct packet p, q;
  if (packet_parse(a->frame, a->length, &p) != 0 || packet_parse(b->frame, b->length, &q) != 0) return 0;
  if (a->queue != b->queue || p.version != q.version || p.protocol != q.protocol) return 0;
  uint32_t skip = p.version == 4 ? 12 : 8;
  return memcmp(a->frame + p.network + skip, b->frame + q.network + skip, p.version == 4 ? 8 : 32) == 0 &&
         memcmp(a->frame + p.transport, b->frame + q.transport, 4) == 0;
}

static void check_burst(const struct arrival *arrivals, uint32_t count) {
  uint32_t place[BURST * 16];
  uint32_t items = coalesce_frames(&coalescer, arrivals, count), seen = 0, last_first = 0;
  for (uint32_t i = 0; i < items; i++) {
    const struct item *item = &coalescer.item[i];
    MUST(i == 0 || item->first > last_first);
    last_first = item->first;
    uint32_t in_item = 0, before = 0;
    for (uint32_t at = item->first; at != COALESCE_END; at = coalescer.next[at]) {
      MUST(at < count && (in_item == 0 || at > before) && arrivals[at].queue == item->queue);
      before = at;
      place[at] = i;
      in_item++;
    }
    MUST(in_item == item->count && before == item->last);
    seen += in_item;
    if (item->count > 1) {
      check_taken_apart(arrivals, item);
    } else {
      check_alone(arrivals, item);
    }
  }
  MUST(seen == count); /* with firsts rising and every chain valid: each exactly once */
  for (uint32_t i = 0; i < count && count <= BURST; i++) {
    for (uint32_t k = i + 1; k < count; k++) MUST(place[i] <= place[k] || !same_flow(&arrivals[i], &arrivals[k]));
  }
  statistics[4] += items;
}

/* A burst of frames of a few flows, some of them changed. */
static void fuzz_burst(const struct shape *corpus) {
  struct arrival arrivals[BURST];
  uint8_t *copies[BURST];
  struct shape flows[3];
  uint32_t count = 1 + below(BURST);
  for (int i = 0; i < 3; i++) {
    flows[i] = corpus[below(CORPUS)];
    flows[i].payload %= 1400;
    if (!one_in(4)) flows[i].flags = TCP_ACK;
  }
  int wild = one_in(3);
  for (uint32_t i = 0; i < count; i++) {
    struct shape *shape = &flows[below(one_in(4) ? 3 : 1)];
    struct shape this = wild ? corpus[below(CORPUS)] : *shape;
    if (!wild && one_in(12)) this.payload = below(this.payload + 1);
    struct layout layout = frame_build(work, &this);
    if (!wild) {
      shape->sequence += this.payload;
      shape->id = (uint16_t)(shape->id + !one_in(16));
    }
    uint32_t length = wild || one_in(12) ? mutate(work, layout.length) : layout.length;
    fuzz_segment(work, length);
    copies[i] = exact(work, length);
    arrivals[i] = (struct arrival){.frame = exact(work, length), .length = length, .queue = one_in(30) ? 5 : 4,
                                   .mtu = one_in(20) ? (uint16_t)random32() : 1500, .modes = one_in(20) ? 0 : 3};
    if (one_in(30)) arrivals[i].offload = random_offload(work, length);
    statistics[0]++;
  }
  check_burst(arrivals, count);
  for (uint32_t i = 0; i < count; i++) {
    MUST(memcmp(copies[i], arrivals[i].frame, arrivals[i].length) == 0);
    free(copies[i]);
    free((void *)arrivals[i].frame);
  }
}

/* A super-frame, cut and joined again, is itself: octet for octet, as its checksum was unfinished. */
static void fuzz_round_trip(const struct shape *corpus) {
  static struct piece pieces[SEGMENT_PIECES];
  static uint8_t scratch[SEGMENT_PIECES * SEGMENT_SLOT];
  static struct arrival arrivals[SEGMENT_PIECES];
  struct shape shape = corpus[below(CORPUS)];
  shape.unfinished = 1;
  shape.ip_options = 0;
  uint32_t segments = 2 + below(shape.protocol == 17 ? COALESCE_JOIN_UDP - 1 : COALESCE_JOIN - 1);
  uint32_t size = 1 + below(one_in(20) ? 65000 / segments : 40);
  shape.payload = size * (segments - 1) + 1 + below(size);
  struct layout layout = frame_build(work, &shape);
  struct offload offload = {VNET_NEEDS_CSUM,
                            shape.protocol == 17 ? VNET_GSO_UDP_L4 : shape.version == 4 ? VNET_GSO_TCPV4 : VNET_GSO_TCPV6,
                            (uint16_t)size, (uint16_t)layout.transport, (uint16_t)(layout.check - layout.transport)};
  if (shape.protocol == 6 && (shape.flags & TCP_CWR)) offload.gso_type |= VNET_GSO_ECN;
  uint32_t count = (uint32_t)segment_frame(work, layout.length, &offload, NULL, 0, pieces, SEGMENT_PIECES, scratch);
  MUST(count == segments);
  for (uint32_t i = 0; i < count; i++) {
    arrivals[i] = (struct arrival){.queue = 1, .modes = 3};
    arrivals[i].frame = assemble(&pieces[i], &arrivals[i].length);
  }
  MUST(coalesce_frames(&coalescer, arrivals, count) == 1);
  struct iovec iovecs[COALESCE_IOVECS];
  int used = coalesce_iovecs(&coalescer, arrivals, &coalescer.item[0], iovecs);
  uint32_t length = 0;
  for (int i = 1; i < used; i++) {
    memcpy(joined + length, iovecs[i].iov_base, iovecs[i].iov_len);
    length += (uint32_t)iovecs[i].iov_len;
  }
  MUST(length == layout.length && memcmp(joined, work, length) == 0);
  struct offload again = read_vnet(&coalescer.item[0]);
  MUST(memcmp(&again, &offload, sizeof offload) == 0);
  for (uint32_t i = 0; i < count; i++) free((void *)arrivals[i].frame);
  statistics[5]++;
}

/* Octets without any form. */
static void fuzz_noise(void) {
  uint32_t length = below(200);
  for (uint32_t i = 0; i < length; i++) work[i] = (uint8_t)random32();
  if (one_in(2) && length > 14) {
    work[12] = one_in(2) ? 0x08 : 0x86;
    work[13] = work[12] == 0x08 ? 0x00 : 0xdd;
    work[14] = work[12] == 0x08 ? 0x45 : 0x60;
  }
  fuzz_segment(work, length);
  struct arrival arrival = {.frame = exact(work, length), .length = length, .queue = 1, .mtu = (uint16_t)below(100), .modes = 3};
  check_burst(&arrival, 1);
  free((void *)arrival.frame);
  statistics[0]++;
}

int main(int argc, char **argv) {
  static struct shape corpus[CORPUS];
  uint64_t cases = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
  uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  state = seed * 0x9e3779b97f4a7c15ull + 1;
  for (int i = 0; i < CORPUS; i++) corpus[i] = random_shape();
  for (uint64_t round = 0; statistics[0] < cases; round++) {
    fuzz_burst(corpus);
    if (round % 2 == 0) fuzz_noise();
    if (round % 16 == 0) fuzz_round_trip(corpus);
    if (round % 64 == 0) corpus[below(CORPUS)] = random_shape();
  }
  printf("%llu frames, seed %llu: %llu requests refused, %llu cut; %llu frames joined, %llu items; %llu round trips\n",
         (unsigned long long)statistics[0], (unsigned long long)seed, (unsigned long long)statistics[1],
         (unsigned long long)statistics[2], (unsigned long long)statistics[3], (unsigned long long)statistics[4],
         (unsigned long long)statistics[5]);
  return 0;
}

#include "../segment.h"

#include <errno.h>
#include <stdlib.h>

#include "../packet.h"
#include "check.h"
#include "frames.h"

#define ETHERNET 0x02, 0, 0, 0, 0, 0x02, 0x02, 0, 0, 0, 0, 0x01, 0x08, 0x00

static const uint8_t vxlan[8] = {0x08, 0, 0, 0, 0, 0, 0x2a, 0};

static uint8_t buffer[70000], wire[70000];
static uint8_t scratch[SEGMENT_PIECES * SEGMENT_SLOT];
static struct piece pieces[SEGMENT_PIECES];

/* Octets of piece `index` in a row, in `wire`. */
static uint32_t assemble(int index) {
  const struct piece *piece = &pieces[index];
  memcpy(wire, piece->header.iov_base, piece->header.iov_len);
  memcpy(wire + piece->header.iov_len, piece->payload.iov_base, piece->payload.iov_len);
  return (uint32_t)(piece->header.iov_len + piece->payload.iov_len);
}

/* Cuts from memory that ends where the frame ends; the pieces are copied out of it before it is freed. */
static int cut(const uint8_t *frame, uint32_t length, const struct offload *offload) {
  return segment_frame((uint8_t *)frame, length, offload, vxlan, sizeof vxlan, pieces, SEGMENT_PIECES, scratch);
}

static struct offload offload_for(const struct shape *shape, const struct layout *layout, uint16_t size) {
  return (struct offload){
      .flags = VNET_NEEDS_CSUM,
      .gso_type = size == 0              ? VNET_GSO_NONE
                  : shape->protocol == 17 ? VNET_GSO_UDP_L4
                  : shape->version == 4   ? VNET_GSO_TCPV4
                                          : VNET_GSO_TCPV6,
      .gso_size = size,
      .csum_start = (uint16_t)layout->transport,
      .csum_offset = (uint16_t)(layout->check - layout->transport),
  };
}

/* 10 octets in segments of 4: sequence number and IPv4 id wrap; CWR only first, FIN and PSH only last. */
static void a_tcp_super_frame_octet_by_octet(void) {
  static const uint8_t super[] = {
      ETHERNET,
      0x45, 0x00, 0x00, 0x32, 0xff, 0xff, 0x40, 0x00, 0x40, 0x06, 0x26, 0xc4, 0x0a, 0x00, 0x00, 0x01,
      0x0a, 0x00, 0x00, 0x02, 0x10, 0x00, 0x00, 0x50, 0xff, 0xff, 0xff, 0xfc, 0x01, 0x02, 0x03, 0x04,
      0x50, 0x99, 0x02, 0x00, 0x14, 0x27, 0x00, 0x00, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68,
      0x69, 0x6a,
  };
  static const uint8_t first[] = {
      0x08, 0, 0, 0, 0, 0, 0x2a, 0, ETHERNET,
      0x45, 0x00, 0x00, 0x2c, 0xff, 0xff, 0x40, 0x00, 0x40, 0x06, 0x26, 0xca, 0x0a, 0x00, 0x00, 0x01,
      0x0a, 0x00, 0x00, 0x02, 0x10, 0x00, 0x00, 0x50, 0xff, 0xff, 0xff, 0xfc, 0x01, 0x02, 0x03, 0x04,
      0x50, 0x90, 0x02, 0x00, 0xc0, 0x34, 0x00, 0x00, 0x61, 0x62, 0x63, 0x64,
  };
  static const uint8_t second[] = {
      0x08, 0, 0, 0, 0, 0, 0x2a, 0, ETHERNET,
      0x45, 0x00, 0x00, 0x2c, 0x00, 0x00, 0x40, 0x00, 0x40, 0x06, 0x26, 0xca, 0x0a, 0x00, 0x00, 0x01,
      0x0a, 0x00, 0x00, 0x02, 0x10, 0x00, 0x00, 0x50, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04,
      0x50, 0x10, 0x02, 0x00, 0xb8, 0xa9, 0x00, 0x00, 0x65, 0x66, 0x67, 0x68,
  };
  static const uint8_t third[] = {
      0x08, 0, 0, 0, 0, 0, 0x2a, 0, ETHERNET,
      0x45, 0x00, 0x00, 0x2a, 0x00, 0x01, 0x40, 0x00, 0x40, 0x06, 0x26, 0xcb, 0x0a, 0x00, 0x00, 0x01,
      0x0a, 0x00, 0x00, 0x02, 0x10, 0x00, 0x00, 0x50, 0x00, 0x00, 0x00, 0x04, 0x01, 0x02, 0x03, 0x04,
      0x50, 0x19, 0x02, 0x00, 0x1c, 0x03, 0x00, 0x00, 0x69, 0x6a,
  };
  const struct offload offload = {VNET_NEEDS_CSUM, VNET_GSO_TCPV4 | VNET_GSO_ECN, 4, 34, 16};
  uint8_t frame[sizeof super];
  memcpy(frame, super, sizeof super);
  EQUAL(cut(frame, sizeof frame, &offload), 3);
  EQUAL(assemble(0), sizeof first);
  SAME_OCTETS(wire, first, sizeof first);
  EQUAL(assemble(1), sizeof second);
  SAME_OCTETS(wire, second, sizeof second);
  EQUAL(assemble(2), sizeof third);
  SAME_OCTETS(wire, third, sizeof third);
  SAME_OCTETS(frame, super, sizeof super);
  EXPECT(pieces[1].payload.iov_base == frame + 54 + 4);
}

/* Every protocol, tag, options and size: each piece is a valid frame, payloads in a row are the payload. */
static void check_pieces(const struct shape *shape, uint16_t size) {
  struct layout layout = frame_build(buffer, shape);
  struct offload offload = offload_for(shape, &layout, size);
  uint8_t *frame = malloc(layout.length);
  memcpy(frame, buffer, layout.length);
  int count = cut(frame, layout.length, &offload);
  EQUAL(count, (shape->payload + size - 1) / size);
  uint32_t seen = 0;
  for (int i = 0; i < count; i++) {
    uint32_t length = assemble(i) - 8;
    uint8_t *at = wire + 8;
    struct layout part = layout;
    part.length = length;
    uint32_t payload = length - layout.payload;
    EQUAL(payload, i + 1 < count ? size : shape->payload - seen);
    SAME_OCTETS(wire, vxlan, 8);
    SAME_OCTETS(at + layout.payload, buffer + layout.payload + seen, payload);
    EXPECT(oracle_valid(at, shape, &part));
    const uint8_t *ip = at + layout.network;
    if (shape->version == 4) {
      EQUAL(read16(ip + 2), length - layout.network);
      EQUAL(read16(ip + 4), (uint16_t)(shape->id + i));
    } else {
      EQUAL(read16(ip + 4), length - layout.network - 40);
    }
    if (shape->protocol == 6) {
      EQUAL(read32(at + layout.transport + 4), shape->sequence + seen);
    } else {
      EQUAL(read16(at + layout.transport + 4), 8 + payload);
    }
    seen += payload;
  }
  EQUAL(seen, shape->payload);
  free(frame);
}

static void every_kind_of_super_frame(void) {
  static const uint32_t payloads[] = {2, 999, 1000, 1001, 5000, 64000};
  for (int bits = 0; bits < 32; bits++) {
    for (int p = 0; p < 6; p++) {
      struct shape shape = frame_defaults();
      shape.version = bits & 1 ? 6 : 4;
      shape.protocol = bits & 2 ? 17 : 6;
      shape.tagged = (uint8_t)((bits & 4 ? 1 : 0) + (bits & 16 ? 1 : 0));
      shape.ip_options = bits & 8 ? 16 : 0;
      shape.unfinished = 1;
      shape.payload = payloads[p];
      check_pieces(&shape, payloads[p] == 2 ? 1 : payloads[p] < 64000 ? 333 : 1448);
    }
  }
}

/* Behind a routing header the pseudo-header has another destination than the IP header: the seed decides. */
static void a_routing_header_keeps_its_seed(void) {
  struct shape shape = frame_defaults();
  shape.version = 6;
  shape.ip_options = 24;
  shape.payload = 300;
  shape.unfinished = 1;
  struct layout layout = frame_build(buffer, &shape);
  uint8_t *ip = buffer + layout.network;
  ip[6] = 43; /* type 4, one segment left */
  ip[42] = 4;
  ip[43] = 1;
  memcpy(ip + 48, ip + 24, 16); /* the final destination; the header's becomes a waypoint */
  ip[39] = 9;
  struct offload offload = offload_for(&shape, &layout, 100);
  EQUAL(cut(buffer, layout.length, &offload), 3);
  for (int i = 0; i < 3; i++) {
    struct layout part = layout;
    part.length = assemble(i) - 8;
    memcpy(wire + 8 + layout.network + 24, ip + 48, 16);
    EXPECT(oracle_valid(wire + 8, &shape, &part));
  }
  /* Uncut, the frame itself stays as it is, so that a second remote gets the same. */
  offload = offload_for(&shape, &layout, 0);
  for (int twice = 0; twice < 2; twice++) {
    EQUAL(cut(buffer, layout.length, &offload), 1);
    EQUAL(assemble(0), layout.length + 8);
    memcpy(wire + 8 + layout.network + 24, ip + 48, 16);
    EXPECT(oracle_valid(wire + 8, &shape, &layout));
  }
}

static void an_unfinished_checksum_is_finished_in_place(void) {
  for (int bits = 0; bits < 16; bits++) {
    struct shape shape = frame_defaults();
    shape.version = bits & 1 ? 6 : 4;
    shape.protocol = bits & 2 ? 17 : 6;
    shape.tagged = (uint8_t)((bits & 4 ? 1 : 0) + (bits & 8 ? 1 : 0));
    struct layout layout = frame_build(wire, &shape);
    memcpy(buffer, wire, layout.length);
    shape.unfinished = 1;
    uint8_t *memory = malloc(8 + layout.length);
    memcpy(memory, vxlan, 8);
    frame_build(memory + 8, &shape);
    struct offload offload = offload_for(&shape, &layout, 0);
    for (int twice = 0; twice < 2; twice++) { /* two remotes: the second time it is finished already */
      EQUAL(segment_frame(memory + 8, layout.length, &offload, memory, 8, pieces, 1, scratch), 1);
      SAME_OCTETS(memory + 8, buffer, layout.length);
    }
    EXPECT(pieces[0].header.iov_base == memory);
    EQUAL(pieces[0].header.iov_len, 8 + layout.length);
    EQUAL(pieces[0].payload.iov_len, 0);
    EQUAL(segment_frame(memory + 8, layout.length, &offload, vxlan, 8, pieces, 1, scratch), 1);
    EXPECT(pieces[0].header.iov_base == vxlan);
    EXPECT(pieces[0].payload.iov_base == memory + 8);
    EQUAL(pieces[0].payload.iov_len, layout.length);
    EQUAL(segment_frame(memory + 8, layout.length, &offload, NULL, 0, pieces, 1, scratch), 1);
    EXPECT(pieces[0].header.iov_base == memory + 8);
    free(memory);
  }
}

/* A UDP sum that comes out as 0 is sent as 0xffff, uncut and cut. */
static void a_udp_checksum_of_zero_becomes_ffff(void) {
  struct shape shape = frame_defaults();
  shape.protocol = 17;
  shape.payload = 4;
  struct layout layout = frame_build(buffer, &shape);
  uint16_t check = read16(buffer + layout.check);
  write16(buffer + layout.payload, (uint16_t)(read16(buffer + layout.payload) + check)); /* RFC 1624 backwards */
  uint32_t sum = read16(buffer + layout.payload);
  if (sum < check) write16(buffer + layout.payload, (uint16_t)(sum + 1));
  struct offload offload = offload_for(&shape, &layout, 0);
  EQUAL(cut(buffer, layout.length, &offload), 1);
  EQUAL(read16(buffer + layout.check), 0xffff);
  EXPECT(oracle_valid(buffer, &shape, &layout));

  shape.payload = 8;
  struct layout twice = frame_build(wire, &shape);
  memcpy(wire + twice.payload, buffer + layout.payload, 4);
  memcpy(wire + twice.payload + 4, buffer + layout.payload, 4);
  uint8_t *frame = malloc(twice.length);
  memcpy(frame, wire, twice.length);
  offload = offload_for(&shape, &twice, 4);
  EQUAL(cut(frame, twice.length, &offload), 2);
  assemble(1);
  EQUAL(read16(wire + 8 + twice.check), 0xffff);
  free(frame);
}

/* Nothing asked: nothing parsed, nothing changed, whatever the octets are. */
static void no_request_no_look(void) {
  uint8_t frame[3] = {1, 2, 3};
  const struct offload nothing = {0};
  EQUAL(cut(frame, sizeof frame, &nothing), 1);
  EQUAL(assemble(0), 11);
  EQUAL(wire[10], 3);
}

/* A segment no longer than gso_size goes uncut, its checksum finished. */
static void one_segment_is_not_cut(void) {
  struct shape shape = frame_defaults();
  shape.unfinished = 1;
  shape.payload = 1000;
  struct layout layout = frame_build(buffer, &shape);
  struct offload offload = offload_for(&shape, &layout, 1000);
  EQUAL(cut(buffer, layout.length, &offload), 1);
  EXPECT(oracle_valid(buffer, &shape, &layout));
}

/* A tunnel within the frame: the outer UDP is complete, csum_start names the inner TCP. */
static void a_tunnel_inside_is_finished_in_a_copy(void) {
  struct shape inner = frame_defaults();
  inner.unfinished = 1;
  struct layout within = frame_build(wire, &inner);
  struct shape outer = frame_defaults();
  outer.protocol = 17;
  outer.payload = 8 + within.length;
  struct layout layout = frame_build(buffer, &outer);
  uint32_t start = layout.payload + 8;
  memcpy(buffer + start, wire, within.length);
  struct offload offload = {VNET_NEEDS_CSUM, 0, 0, (uint16_t)(start + within.transport), 16};
  uint8_t *frame = malloc(layout.length);
  memcpy(frame, buffer, layout.length);
  EQUAL(cut(frame, layout.length, &offload), 1);
  SAME_OCTETS(frame, buffer, layout.length);
  EQUAL(assemble(0), 8 + layout.length);
  EXPECT(oracle_valid(wire + 8 + start, &inner, &within));
  offload.csum_offset = 15; /* no checksum lies at an odd offset */
  EQUAL(cut(frame, layout.length, &offload), SEGMENT_CSUM);
  free(frame);
}

static int refused(const struct shape *shape, struct offload offload, uint32_t at, uint8_t value) {
  struct layout layout = frame_build(buffer, shape);
  uint8_t *frame = malloc(layout.length);
  if (at > 0) buffer[at] = value;
  memcpy(frame, buffer, layout.length);
  int result = cut(frame, layout.length, &offload);
  SAME_OCTETS(frame, buffer, layout.length);
  free(frame);
  return result;
}

static void what_contradicts_the_headers_is_refused(void) {
  struct shape shape = frame_defaults();
  struct layout layout = frame_build(buffer, &shape);
  const struct offload good = offload_for(&shape, &layout, 10);
  struct offload bad = good;
  bad.gso_type = VNET_GSO_TCPV6;
  EQUAL(refused(&shape, bad, 0, 0), SEGMENT_TYPE);
  bad.gso_type = VNET_GSO_UDP_L4;
  EQUAL(refused(&shape, bad, 0, 0), SEGMENT_TYPE);
  bad.gso_type = 3;
  EQUAL(refused(&shape, bad, 0, 0), SEGMENT_TYPE);
  bad = good;
  bad.gso_size = 0;
  EQUAL(refused(&shape, bad, 0, 0), SEGMENT_SIZE);
  bad = good;
  bad.csum_start++;
  EQUAL(refused(&shape, bad, 0, 0), SEGMENT_CSUM);
  bad = good;
  bad.csum_offset = 6;
  EQUAL(refused(&shape, bad, 0, 0), SEGMENT_CSUM);
  EQUAL(refused(&shape, good, 17, (uint8_t)(buffer[17] - 1)), SEGMENT_LENGTH);
  EQUAL(refused(&shape, good, 16, 0x7f), PACKET_IP_LENGTH);
  EQUAL(refused(&shape, good, 46, 0x40), PACKET_TCP_HEADER);
  EQUAL(refused(&shape, good, 20, 0x20), PACKET_FRAGMENT);
  EQUAL(refused(&shape, good, 47, TCP_SYN), SEGMENT_FLAGS);
  EQUAL(refused(&shape, good, 47, TCP_ACK | TCP_RST), SEGMENT_FLAGS);
  EQUAL(refused(&shape, good, 12, 0x09), PACKET_NOT_IP);
  bad = good;
  bad.gso_size = 1;
  shape.payload = SEGMENT_PIECES + 1;
  EQUAL(refused(&shape, bad, 0, 0), SEGMENT_TOO_MANY);
}

static void a_checksum_outside_the_frame_is_refused(void) {
  struct shape shape = frame_defaults();
  struct layout layout = frame_build(buffer, &shape);
  struct offload offload = offload_for(&shape, &layout, 0);
  offload.csum_start = 0xffff;
  EQUAL(refused(&shape, offload, 0, 0), SEGMENT_CSUM);
  offload.csum_start = (uint16_t)(layout.length - 1);
  EQUAL(refused(&shape, offload, 0, 0), SEGMENT_CSUM);
  offload.csum_start = 3;
  EQUAL(refused(&shape, offload, 0, 0), SEGMENT_CSUM);
  offload.csum_start = (uint16_t)layout.transport;
  offload.csum_offset = 17;
  EQUAL(refused(&shape, offload, 0, 0), SEGMENT_CSUM);
  shape.payload = 1000;
  offload.csum_start = 400;
  offload.csum_offset = 6;
  EQUAL(refused(&shape, offload, 0, 0), SEGMENT_HEADERS);
}

static void no_room_is_not_too_many(void) {
  struct shape shape = frame_defaults();
  struct layout layout = frame_build(buffer, &shape);
  struct offload offload = offload_for(&shape, &layout, 10);
  EQUAL(segment_frame(buffer, layout.length, &offload, vxlan, 8, pieces, 9, scratch), SEGMENT_NO_ROOM);
  EQUAL(segment_frame(buffer, layout.length, &offload, vxlan, 8, pieces, 10, scratch), 10);
  EQUAL(segment_frame(buffer, layout.length, &offload, vxlan, 8, pieces, 0, scratch), SEGMENT_NO_ROOM);
}

static void every_fault_has_a_sentence_and_an_errno(void) {
  for (int fault = -8; fault <= -1; fault++) EXPECT(strcmp(segment_reason(fault), "unknown") != 0);
  for (int fault = -23; fault <= -16; fault++) EXPECT(strcmp(segment_reason(fault), "unknown") != 0);
  EQUAL(segment_errno(PACKET_TCP_HEADER), -EBADMSG);
  EQUAL(segment_errno(SEGMENT_CSUM), -EPROTO);
  EQUAL(segment_errno(SEGMENT_TOO_MANY), -E2BIG);
  EQUAL(segment_errno(SEGMENT_NO_ROOM), -ENOBUFS);
  EQUAL(segment_errno(-999), -EPROTO);
}

void segment_tests(void) {
  TEST(a_tcp_super_frame_octet_by_octet);
  TEST(every_kind_of_super_frame);
  TEST(a_routing_header_keeps_its_seed);
  TEST(an_unfinished_checksum_is_finished_in_place);
  TEST(a_udp_checksum_of_zero_becomes_ffff);
  TEST(no_request_no_look);
  TEST(one_segment_is_not_cut);
  TEST(a_tunnel_inside_is_finished_in_a_copy);
  TEST(what_contradicts_the_headers_is_refused);
  TEST(a_checksum_outside_the_frame_is_refused);
  TEST(no_room_is_not_too_many);
  TEST(every_fault_has_a_sentence_and_an_errno);
}

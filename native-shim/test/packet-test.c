#include "../packet.h"

#include <stdlib.h>

#include "check.h"
#include "frames.h"

/* A DNS query: Ethernet, IPv4, UDP, 4 octets of payload; 10.0.0.1:4660 -> 10.0.0.2:53. */
static const uint8_t udp_frame[] = {
    0x02, 0x00, 0x00, 0x00, 0x00, 0x02, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00,             /* Ethernet */
    0x45, 0x00, 0x00, 0x20, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0x26, 0xcb,                         /* IPv4 */
    0x0a, 0x00, 0x00, 0x01, 0x0a, 0x00, 0x00, 0x02,                                                 /* addresses */
    0x12, 0x34, 0x00, 0x35, 0x00, 0x0c, 0x3b, 0xcd, 0xde, 0xad, 0xbe, 0xef,                         /* UDP */
};

static uint8_t buffer[70000];

/* Parses from memory that ends where the frame ends. */
static int parse(const uint8_t *frame, uint32_t length, struct packet *packet) {
  uint8_t *exact = malloc(length == 0 ? 1 : length);
  memcpy(exact, frame, length);
  int result = packet_parse(length == 0 ? exact + 1 : exact, length, packet);
  free(exact);
  return result;
}

static int parse_with(uint32_t at, uint8_t value, uint32_t length) {
  struct packet packet;
  uint8_t keep = buffer[at];
  buffer[at] = value;
  int result = parse(buffer, length, &packet);
  buffer[at] = keep;
  return result;
}

static void a_udp_frame(void) {
  struct packet packet;
  EQUAL(parse(udp_frame, sizeof udp_frame, &packet), 0);
  EQUAL(packet.network, 14);
  EQUAL(packet.transport, 34);
  EQUAL(packet.payload, 42);
  EQUAL(packet.end, 46);
  EQUAL(packet.version, 4);
  EQUAL(packet.protocol, 17);
  EQUAL(packet.options, 0);
  EQUAL(packet_verifies(udp_frame, &packet), 1);
}

static void padding_is_not_payload(void) {
  struct packet packet;
  uint8_t padded[60] = {0};
  memcpy(padded, udp_frame, sizeof udp_frame);
  EQUAL(parse(padded, sizeof padded, &packet), 0);
  EQUAL(packet.end, 46);
  EQUAL(packet_verifies(padded, &packet), 1);
}

static void every_shape(void) {
  for (int bits = 0; bits < 64; bits++) {
    struct shape shape = frame_defaults();
    struct packet packet;
    shape.version = bits & 1 ? 6 : 4;
    shape.protocol = bits & 2 ? 17 : 6;
    shape.tagged = (uint8_t)((bits & 4 ? 1 : 0) + (bits & 32 ? 1 : 0));
    shape.ip_options = bits & 8 ? 16 : 0;
    shape.option_length = bits & 16 ? 40 : 0;
    struct layout layout = frame_build(buffer, &shape);
    EQUAL(parse(buffer, layout.length, &packet), 0);
    EQUAL(packet.network, layout.network);
    EQUAL(packet.transport, layout.transport);
    EQUAL(packet.payload, layout.payload);
    EQUAL(packet.end, layout.length);
    EQUAL(packet.options, shape.ip_options > 0);
    EQUAL(packet_check(&packet), layout.check);
    EQUAL(packet_verifies(buffer, &packet), 1);
    buffer[layout.length - 1] ^= 0x40;
    EQUAL(packet_verifies(buffer, &packet), 0);
  }
}

/* Cut short at every length, it never parses as whole and never reads on. */
static void every_truncation(void) {
  for (int bits = 0; bits < 32; bits++) {
    struct shape shape = frame_defaults();
    struct packet packet;
    shape.version = bits & 1 ? 6 : 4;
    shape.protocol = bits & 2 ? 17 : 6;
    shape.tagged = (uint8_t)((bits & 4 ? 1 : 0) + (bits & 16 ? 1 : 0));
    shape.ip_options = bits & 8 ? 8 : 0;
    struct layout layout = frame_build(buffer, &shape);
    for (uint32_t length = 0; length < layout.length; length++) EXPECT(parse(buffer, length, &packet) < 0);
  }
}

static void impossible_ipv4(void) {
  struct shape shape = frame_defaults();
  uint32_t length = frame_build(buffer, &shape).length;
  EQUAL(parse_with(14, 0x55, length), PACKET_IP_HEADER);
  EQUAL(parse_with(14, 0x44, length), PACKET_IP_HEADER);
  EQUAL(parse_with(16, 0xff, length), PACKET_IP_LENGTH);
  EQUAL(parse_with(20, 0x20, length), PACKET_FRAGMENT);
  EQUAL(parse_with(21, 0x01, length), PACKET_FRAGMENT);
  EQUAL(parse_with(23, 1, length), PACKET_NOT_L4);
  EQUAL(parse_with(12, 0x09, length), PACKET_NOT_IP);
}

static void a_total_length_of_zero(void) {
  struct shape shape = frame_defaults();
  struct packet packet;
  uint32_t length = frame_build(buffer, &shape).length;
  buffer[16] = buffer[17] = 0;
  EQUAL(parse(buffer, length, &packet), PACKET_IP_LENGTH);
  shape.version = 6;
  length = frame_build(buffer, &shape).length;
  buffer[18] = buffer[19] = 0;
  EQUAL(parse(buffer, length, &packet), PACKET_SHORT);
}

static void impossible_tcp_and_udp_lengths(void) {
  struct shape shape = frame_defaults();
  shape.payload = 4;
  uint32_t length = frame_build(buffer, &shape).length;
  EQUAL(parse_with(46, 0x40, length), PACKET_TCP_HEADER);
  EQUAL(parse_with(46, 0xa0, length), PACKET_TCP_HEADER);
  EQUAL(parse_with(46, 0x90, length), 0);
  shape.protocol = 17;
  length = frame_build(buffer, &shape).length;
  EQUAL(parse_with(39, 11, length), PACKET_UDP_LENGTH);
  EQUAL(parse_with(39, 13, length), PACKET_UDP_LENGTH);
  EQUAL(parse_with(39, 0, length), PACKET_UDP_LENGTH);
}

static void a_tag_is_8021q_or_8021ad(void) {
  struct shape shape = frame_defaults();
  struct packet packet;
  shape.tagged = 1;
  uint32_t length = frame_build(buffer, &shape).length;
  buffer[12] = 0x88, buffer[13] = 0xa8;
  EQUAL(parse(buffer, length, &packet), 0);
  EQUAL(packet.network, 18);
  buffer[12] = 0x91, buffer[13] = 0x00; /* Q-in-Q before IEEE 802.1ad: the stack knows no such tag */
  EQUAL(parse(buffer, length, &packet), PACKET_NOT_IP);
}

static void a_third_tag_is_not_parsed(void) {
  struct shape shape = frame_defaults();
  shape.tagged = 2;
  uint32_t length = frame_build(buffer, &shape).length;
  buffer[20] = 0x81, buffer[21] = 0x00;
  struct packet packet;
  EQUAL(parse(buffer, length, &packet), PACKET_NOT_IP);
}

static void ipv6_extension_headers(void) {
  struct shape shape = frame_defaults();
  struct packet packet;
  shape.version = 6;
  shape.ip_options = 8;
  uint32_t length = frame_build(buffer, &shape).length;
  EQUAL(parse_with(55, 0xff, length), PACKET_IP_HEADER); /* header longer than the packet */
  EQUAL(parse_with(20, 44, length), PACKET_FRAGMENT);
  EQUAL(parse_with(54, 44, length), PACKET_FRAGMENT);
  EQUAL(parse_with(54, 58, length), PACKET_NOT_L4);
  EQUAL(parse_with(20, 0, length), 0);
  EQUAL(parse_with(20, 43, length), 0);
  buffer[18] = 0; /* the packet ends where the extension header should begin, or within it */
  buffer[19] = 0;
  EQUAL(parse(buffer, 54, &packet), PACKET_IP_HEADER);
  buffer[19] = 7;
  EQUAL(parse(buffer, 61, &packet), PACKET_IP_HEADER);
  /* A chain of headers that leads nowhere ends at the limit. */
  memset(buffer + 54, 0, 4000);
  buffer[20] = 0;
  buffer[18] = 0x0f;
  buffer[19] = 0xa0;
  EQUAL(parse(buffer, 4054, &packet), PACKET_NOT_L4);
}

/* Not even where the sum is right by accident: the checksum's value is moved into the payload. */
static void a_udp_checksum_of_zero_is_not_right(void) {
  struct packet packet;
  uint8_t frame[sizeof udp_frame];
  memcpy(frame, udp_frame, sizeof frame);
  EQUAL(packet_parse(frame, sizeof frame, &packet), 0);
  write16(frame + 42, 0x1a7b); /* 0xdead + 0x3bcd, end-around carry */
  write16(frame + 40, 0xffff);
  EQUAL(packet_verifies(frame, &packet), 1);
  write16(frame + 40, 0);
  EQUAL(packet_verifies(frame, &packet), 0);
}

void packet_tests(void) {
  TEST(a_udp_frame);
  TEST(padding_is_not_payload);
  TEST(every_shape);
  TEST(every_truncation);
  TEST(impossible_ipv4);
  TEST(a_total_length_of_zero);
  TEST(impossible_tcp_and_udp_lengths);
  TEST(a_tag_is_8021q_or_8021ad);
  TEST(a_third_tag_is_not_parsed);
  TEST(ipv6_extension_headers);
  TEST(a_udp_checksum_of_zero_is_not_right);
}

#include "../checksum.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "check.h"
#include "frames.h"

/* RFC 1071, section 3. */
static void the_example_of_rfc_1071(void) {
  static const uint8_t octets[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  EQUAL(ntohs(checksum_fold(checksum_add(octets, sizeof octets, 0))), 0xddf2);
  EQUAL(ntohs(checksum_finish(checksum_add(octets, sizeof octets, 0))), 0x220d);
}

static void an_ipv4_header(void) {
  static const uint8_t header[] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
                                   0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};
  EQUAL(checksum_fold(checksum_add(header, sizeof header, 0)), 0xffff);
}

/* Every length to three blocks and every alignment, against 16 bits at a time; memory ends where the range does. */
static void every_length_and_alignment(void) {
  uint32_t state = 1;
  for (uint32_t length = 0; length <= 200; length++) {
    for (uint32_t shift = 0; shift < 9; shift++) {
      uint8_t *memory = malloc(length + shift + 1);
      uint8_t *bytes = memory + 1 + shift;
      for (uint32_t i = 0; i < length; i++) bytes[i] = (uint8_t)((state = state * 1664525 + 1013904223) >> 24);
      uint16_t sum = checksum_fold(checksum_add(bytes, length, 0));
      if (ntohs(sum) != oracle_sum(bytes, length, 0)) {
        EQUAL(ntohs(sum), oracle_sum(bytes, length, 0));
      }
      free(memory);
    }
  }
}

/* All ones for 64 KiB: every lane takes the greatest carry. */
static void the_greatest_sum(void) {
  uint8_t *bytes = malloc(65536);
  memset(bytes, 0xff, 65536);
  EQUAL(checksum_fold(checksum_add(bytes, 65536, 0)), 0xffff);
  EQUAL(checksum_fold(checksum_add(bytes, 65535, 0xffffffffull)), htons(0xff00));
  free(bytes);
}

static void ranges_carry_on(void) {
  uint8_t bytes[300];
  for (int i = 0; i < 300; i++) bytes[i] = (uint8_t)(i * 7 + 3);
  uint64_t parts = checksum_add(bytes + 98, 202, checksum_add(bytes, 98, 0));
  EQUAL(checksum_fold(parts), checksum_fold(checksum_add(bytes, 300, 0)));
}

static void zero_stays_zero_and_udp_avoids_it(void) {
  static const uint8_t zeros[16];
  EQUAL(checksum_fold(checksum_add(zeros, 16, 0)), 0);
  EQUAL(checksum_finish(0xffff), 0);
  EQUAL(checksum_finish_udp(0xffff), 0xffff);
  EQUAL(checksum_finish_udp(0x1234), checksum_finish(0x1234));
}

static void pseudo_headers(void) {
  static const uint8_t v4[8] = {10, 0, 0, 1, 10, 0, 0, 2};
  static const uint8_t v6[32] = {0xfd, [15] = 1, [16] = 0xfd, [31] = 2};
  EQUAL(ntohs(checksum_fold(checksum_pseudo4(v4, 6, 1000))), 0x0a00 + 1 + 0x0a00 + 2 + 6 + 1000);
  EQUAL(ntohs(checksum_fold(checksum_pseudo6(v6, 17, 8))), (0xfd00 + 1 + 0xfd00 + 2 + 17 + 8) % 0xffff);
  EQUAL(ntohs(checksum_fold(checksum_pseudo6(v6, 17, 65536 + 8))), (0xfd00 + 1 + 0xfd00 + 2 + 17 + 8 + 1) % 0xffff);
}

/* Incremental update against a new sum, for every old and many new values of one field. */
static void a_replaced_field(void) {
  for (uint32_t from = 0; from <= 0xffff; from += 13) {
    uint16_t words[4] = {0x1234, (uint16_t)from, 0xabcd, 0};
    uint16_t check = checksum_finish(checksum_add(words, sizeof words, 0));
    uint16_t to = (uint16_t)(from * 31 + 7);
    words[1] = to;
    words[3] = checksum_replace(check, (uint16_t)from, to);
    if (checksum_fold(checksum_add(words, sizeof words, 0)) != 0xffff) EQUAL(from, -1);
  }
}

void checksum_tests(void) {
  TEST(the_example_of_rfc_1071);
  TEST(an_ipv4_header);
  TEST(every_length_and_alignment);
  TEST(the_greatest_sum);
  TEST(ranges_carry_on);
  TEST(zero_stays_zero_and_udp_avoids_it);
  TEST(pseudo_headers);
  TEST(a_replaced_field);
}

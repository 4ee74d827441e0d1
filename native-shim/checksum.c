/* Internet checksum, 64 bits at a time. See checksum.h for the order of octets. */
#include "checksum.h"

#include <arpa/inet.h>
#include <string.h>

/*
 * The long loop is written over vectors: every 64-bit lane is split into its two 32-bit halves, and they are
 * added to 64-bit accumulators, so that no carry is ever lost and none has to be carried. The compiler lowers
 * this to what the target has (SSE2, NEON, or plain registers); four accumulators hide the latency of the adds.
 *
 * NB: 16 octets a vector, not 32. Where a vector is two registers gcc 12 spills the accumulators: 20 GB/s
 * instead of 49 (1,400 octets, hot, SSE2). Where the processor has AVX2 a vector of 32 is one register: 83 GB/s. One
 * build has both and asks the processor, by a flag rather than an ifunc, which musl has not.
 */
typedef uint64_t lanes __attribute__((vector_size(16)));

#define BLOCK (2 * sizeof(lanes))

#if defined(__x86_64__)
typedef uint64_t wide_lanes __attribute__((vector_size(32)));

#define WIDE_BLOCK (2 * sizeof(wide_lanes))

/* Adds `blocks` blocks of WIDE_BLOCK octets. */
__attribute__((target("avx2"))) static uint64_t add_wide_blocks(const uint8_t *at, size_t blocks) {
  const wide_lanes low = {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff};
  wide_lanes a = {0}, b = {0}, c = {0}, d = {0};
  for (; blocks > 0; blocks--, at += WIDE_BLOCK) {
    wide_lanes x, y;
    memcpy(&x, at, sizeof x);
    memcpy(&y, at + sizeof x, sizeof y);
    a += x & low;
    b += x >> 32;
    c += y & low;
    d += y >> 32;
  }
  a += b + c + d;
  return a[0] + a[1] + a[2] + a[3];
}

static int has_wide;

__attribute__((constructor)) static void look_for_wide(void) {
  __builtin_cpu_init();
  has_wide = __builtin_cpu_supports("avx2") != 0;
}
#endif

/* Adds `blocks` blocks of BLOCK octets. */
static uint64_t add_blocks(const uint8_t *at, size_t blocks) {
  const lanes low = {0xffffffff, 0xffffffff};
  lanes a = {0}, b = {0}, c = {0}, d = {0};
  for (; blocks > 0; blocks--, at += BLOCK) {
    lanes x, y;
    memcpy(&x, at, sizeof x);
    memcpy(&y, at + sizeof x, sizeof y);
    a += x & low;
    b += x >> 32;
    c += y & low;
    d += y >> 32;
  }
  a += b + c + d;
  return a[0] + a[1];
}

/* Adds what is left: fewer octets than a block. */
static uint64_t add_rest(const uint8_t *at, size_t length, uint64_t sum) {
  for (; length >= 4; length -= 4, at += 4) {
    uint32_t word;
    memcpy(&word, at, sizeof word);
    sum += word;
  }
  if (length & 2) {
    uint16_t word;
    memcpy(&word, at, sizeof word);
    sum += word;
    at += sizeof word;
  }
  if (length & 1) {
    const uint8_t padded[2] = {*at, 0};
    uint16_t word;
    memcpy(&word, padded, sizeof word);
    sum += word;
  }
  return sum;
}

uint64_t checksum_add(const void *bytes, size_t length, uint64_t sum) {
  const uint8_t *at = bytes;
#if defined(__x86_64__)
  if (has_wide && length >= WIDE_BLOCK) {
    size_t blocks = length / WIDE_BLOCK;
    sum += add_wide_blocks(at, blocks);
    at += blocks * WIDE_BLOCK;
    length %= WIDE_BLOCK;
  }
#endif
  if (length >= BLOCK) {
    size_t blocks = length / BLOCK;
    sum += add_blocks(at, blocks);
    at += blocks * BLOCK;
    length %= BLOCK;
  }
  return add_rest(at, length, sum);
}

uint16_t checksum_fold(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)sum;
}

uint16_t checksum_finish(uint64_t sum) { return (uint16_t)~checksum_fold(sum); }

uint16_t checksum_finish_udp(uint64_t sum) {
  uint16_t check = checksum_finish(sum);
  return check == 0 ? 0xffff : check;
}

/* The pseudo-header's length and protocol: both are 16-bit words or 32-bit ones with upper halves of 0. */
static uint64_t add_length(uint64_t sum, uint8_t protocol, uint32_t length) {
  return sum + htons(protocol) + htons((uint16_t)length) + htons((uint16_t)(length >> 16));
}

uint64_t checksum_pseudo4(const uint8_t *addresses, uint8_t protocol, uint32_t length) {
  return add_length(add_rest(addresses, 8, 0), protocol, length);
}

uint64_t checksum_pseudo6(const uint8_t *addresses, uint8_t protocol, uint32_t length) {
  return add_length(checksum_add(addresses, 32, 0), protocol, length);
}

/* HC' = ~(~HC + ~m + m'), RFC 1624, equation 3. */
uint16_t checksum_replace(uint16_t check, uint16_t from, uint16_t to) {
  return checksum_finish((uint64_t)(uint16_t)~check + (uint16_t)~from + to);
}

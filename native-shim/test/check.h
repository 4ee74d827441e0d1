/*
 * The smallest test harness that names what failed: TAP lines on stdout, one for each test.
 *
 *   static void zero_checksum(void) { EQUAL(checksum_finish_udp(0xffff), 0xffff); }
 *   ... TEST(zero_checksum);
 */
#ifndef VTEP_CHECK_H
#define VTEP_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/** Failures of the test that runs, tests run, tests failed. Defined in main.c. */
extern int check_failures, check_tests, check_failed;

#define EXPECT(condition)                                                       \
  do {                                                                          \
    if (!(condition)) {                                                         \
      check_failures++;                                                         \
      printf("# %s:%d: expected %s\n", __FILE__, __LINE__, #condition);         \
    }                                                                           \
  } while (0)

#define EQUAL(actual, wanted)                                                                               \
  do {                                                                                                      \
    long long actual_ = (long long)(actual), wanted_ = (long long)(wanted);                                 \
    if (actual_ != wanted_) {                                                                               \
      check_failures++;                                                                                     \
      printf("# %s:%d: %s is %lld (0x%llx), expected %lld (0x%llx)\n", __FILE__, __LINE__, #actual,         \
             actual_, (unsigned long long)actual_, wanted_, (unsigned long long)wanted_);                   \
    }                                                                                                       \
  } while (0)

#define SAME_OCTETS(actual, wanted, length) check_octets(__FILE__, __LINE__, #actual, actual, wanted, length)

#define TEST(name) check_run(#name, name)

/** Compares octets; prints the first that differs. */
void check_octets(const char *file, int line, const char *what, const void *actual, const void *wanted,
                  size_t length);

/** Runs one test and prints its TAP line. */
void check_run(const char *name, void (*test)(void));

#endif

/* Runs the unit tests of the offloads. Exit status 1 when one failed. */
#include "check.h"

int check_failures, check_tests, check_failed;

void checksum_tests(void);
void packet_tests(void);
void segment_tests(void);
void coalesce_tests(void);
void super_frame_tests(void);

void check_octets(const char *file, int line, const char *what, const void *actual, const void *wanted,
                  size_t length) {
  const uint8_t *a = actual, *b = wanted;
  for (size_t i = 0; i < length; i++) {
    if (a[i] == b[i]) continue;
    check_failures++;
    printf("# %s:%d: %s differs at octet %zu: 0x%02x, expected 0x%02x\n", file, line, what, i, a[i], b[i]);
    return;
  }
}

void check_run(const char *name, void (*test)(void)) {
  check_failures = 0;
  test();
  check_tests++;
  check_failed += check_failures > 0;
  printf("%s %d - ", check_failures > 0 ? "not ok" : "ok", check_tests);
  for (; *name != '\0'; name++) putchar(*name == '_' ? ' ' : *name);
  putchar('\n');
}

int main(void) {
  checksum_tests();
  packet_tests();
  segment_tests();
  coalesce_tests();
  super_frame_tests();
  printf("1..%d\n", check_tests);
  return check_failed > 0;
}

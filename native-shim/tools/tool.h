/*
 * What the measuring tools share: time, arguments, addresses, one line of JSON as the result.
 *
 * The tools stand in for ping, iperf3, tcpdump and ethtool, so that tests, demo and perf need nothing
 * installed and cost less than what they measure. Each .c file is one program, with what its headers hold; none links to
 * the shim.
 * Exit codes: 0 done, 1 the measurement failed (the JSON line says how), 2 wrong usage, 3 a system call failed.
 */
#ifndef VTEP_TOOL_H
#define VTEP_TOOL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ull

/* How many SIGINT and SIGTERM came: loops end, results are still printed. */
static volatile sig_atomic_t stopped;

static inline void on_stop(int sig) {
  (void)sig;
  stopped = stopped + 1;
}

/* Ends loops on SIGINT/SIGTERM; system calls are interrupted, not restarted. */
static inline void stop_on_signals(void) {
  struct sigaction action = {.sa_handler = on_stop};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

static inline _Noreturn void fail(const char *what) {
  fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
  exit(3);
}

static inline _Noreturn __attribute__((format(printf, 1, 2))) void usage(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  exit(2);
}

static inline uint64_t clock_ns(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* Monotonic nanoseconds: one clock for all namespaces of a machine, so both ends may be compared. */
static inline uint64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

static inline void sleep_until(uint64_t ns) {
  struct timespec t = {.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
  while (!stopped && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {
  }
}

/* Sleeps, less when a signal comes. */
static inline void sleep_for(uint64_t ns) {
  struct timespec t = {.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
  nanosleep(&t, NULL);
}

/* A number between low and high from an option's argument, or exit 2. */
static inline double number_option(char option, const char *text, double low, double high) {
  char *end;
  double value = strtod(text, &end);
  if (*text == 0 || *end != 0 || value < low || value > high)
    usage("%s: -%c %s: expected a number from %.0f to %.0f\n", program_invocation_short_name, option, text, low, high);
  return value;
}

/* CPUs this process may run on, as "0-3,6". */
static inline const char *allowed_cpus(char *text, size_t room) {
  cpu_set_t set;
  size_t at = 0;
  text[0] = 0;
  if (sched_getaffinity(0, sizeof set, &set) < 0) return text;
  for (int cpu = 0, last; cpu < CPU_SETSIZE && at + 16 < room; cpu = last + 1) {
    for (last = cpu; last < CPU_SETSIZE && CPU_ISSET(last, &set); last++) {
    }
    if (last == cpu) continue;
    at += (size_t)snprintf(text + at, room - at, last - cpu > 1 ? "%s%d-%d" : "%s%d", at ? "," : "", cpu, last - 1);
  }
  return text;
}

/* Keeps this process and the threads it will start on one CPU; exit 2 where that is not to be had. */
static inline void pin_to(const char *text) {
  int cpu = (int)number_option('A', text, 0, CPU_SETSIZE - 1);
  char allowed[256];
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  allowed_cpus(allowed, sizeof allowed);
  if (sched_setaffinity(0, sizeof set, &set) < 0)
    usage("%s: -A %d: %s: expected one of the CPUs %s\n", program_invocation_short_name, cpu, errno == EINVAL ? "no such CPU here" : strerror(errno), allowed);
}

/* Two members of a JSON object: the seconds of CPU that this process has used. */
static inline void print_cpu_used(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  printf("\"user\":%.6f,\"system\":%.6f", (double)used.ru_utime.tv_sec + (double)used.ru_utime.tv_usec / 1e6, (double)used.ru_stime.tv_sec + (double)used.ru_stime.tv_usec / 1e6);
}

/* The socket address of a literal IPv4 or IPv6 address; names are not resolved. */
static inline socklen_t parse_address(const char *text, int port, struct sockaddr_storage *address) {
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_DGRAM}, *found;
  char service[8];
  snprintf(service, sizeof service, "%d", port);
  int rc = getaddrinfo(text, service, &hints, &found);
  if (rc != 0) usage("%s: %s: expected an IPv4 or IPv6 address\n", program_invocation_short_name, text);
  memcpy(address, found->ai_addr, found->ai_addrlen);
  socklen_t length = found->ai_addrlen;
  freeaddrinfo(found);
  return length;
}

/* A socket bound to every local address of both families. */
static inline int bind_any(int type, int port) {
  int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0), on = 1, off = 0;
  struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
  struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  struct sockaddr *any = (struct sockaddr *)&any6;
  socklen_t length = sizeof any6;
  if (fd < 0) { /* a kernel without IPv6 */
    fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    any = (struct sockaddr *)&any4;
    length = sizeof any4;
  }
  if (fd < 0) fail("socket");
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, any, length) < 0) fail("bind");
  return fd;
}

/* Tells the parent process that the tool listens: it may start the other end. */
static inline void announce_ready(int port) {
  printf("{\"ready\":%d}\n", port);
  fflush(stdout);
}

#endif

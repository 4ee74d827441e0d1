/*
 * vtep-ping: ICMP and ICMPv6 echo with percentiles and the answers' TTL.
 *
 *   vtep-ping [-c count] [-i interval_us | -f] [-s size] [-w timeout_ms] [-t ttl] [-q tos] [-A cpu] [-d] [-j] [-H] ADDRESS
 *
 * -f floods: the next request leaves when the reply is in (or after 10 ms). -d sets DF. -A keeps it on one CPU. One line
 * an answer, unless -j: then one line of JSON at the end; -H adds all round trips to it as a histogram, pairs of a
 * bucket's lower end in us and how many fell into it. A bucket is a 16th of a power of two wide: 6 % at most. Round trips are taken as iputils does: from just before sendto() to the
 * kernel's receive time stamp, so a late wake-up of this process is not counted.
 */
#include "tool.h"

#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>

enum { HEADER = 8, STAMP = 8, MAX_SIZE = 65000, MAX_ERRORS = 16, FLOOD_GAP_NS = 10000000 };

static struct {
  long count;
  uint64_t interval_ns, timeout_ns;
  size_t size;
  int ttl, tos;
  bool flood, json, histogram, dont_fragment, v6;
} opt = {.count = 4, .interval_ns = NS_PER_S, .timeout_ns = NS_PER_S, .size = 56, .ttl = 64};

/* An ICMP error about one of our requests: who sent it and why. */
struct icmp_error {
  int type, code, mtu;
  char from[INET6_ADDRSTRLEN];
};

static struct {
  long sent, received, duplicates, error_count;
  int ttl;
  uint64_t *rtt_ns, *sent_at;
  bool *seen;
  struct icmp_error errors[MAX_ERRORS];
} run;

static uint16_t ident;
static uint8_t packet[HEADER + MAX_SIZE], answer[65536];

static uint16_t internet_checksum(const uint8_t *bytes, size_t length) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < length; i += 2) sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
  if (length & 1) sum += (uint32_t)bytes[length - 1] << 8;
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

static int open_socket(int family) {
  int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6), on = 1;
  if (fd < 0) fail("raw socket (needs CAP_NET_RAW)");
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  if (family == AF_INET) {
    int discover = opt.dont_fragment ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT;
    setsockopt(fd, IPPROTO_IP, IP_TTL, &opt.ttl, sizeof opt.ttl);
    setsockopt(fd, IPPROTO_IP, IP_TOS, &opt.tos, sizeof opt.tos);
    setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof discover);
  } else {
    int discover = opt.dont_fragment ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_DONT;
    setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &opt.ttl, sizeof opt.ttl);
    setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &opt.tos, sizeof opt.tos);
    setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &discover, sizeof discover);
    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof on);
  }
  return fd;
}

/* Echo request `sequence`; the payload is a pattern so that a changed octet fails the comparison. */
static void send_request(int fd, const struct sockaddr_storage *to, socklen_t to_length, long sequence) {
  memset(packet, 0, HEADER);
  packet[0] = opt.v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
  packet[4] = (uint8_t)(ident >> 8);
  packet[5] = (uint8_t)ident;
  packet[6] = (uint8_t)(sequence >> 8);
  packet[7] = (uint8_t)sequence;
  for (size_t i = 0; i < opt.size; i++) packet[HEADER + i] = (uint8_t)((size_t)sequence + i);
  if (!opt.v6) {
    uint16_t sum = internet_checksum(packet, HEADER + opt.size);
    packet[2] = (uint8_t)(sum >> 8);
    packet[3] = (uint8_t)sum;
  }
  run.sent_at[sequence] = clock_ns(CLOCK_REALTIME);
  run.sent++;
  if (sendto(fd, packet, HEADER + opt.size, 0, (const struct sockaddr *)to, to_length) < 0 && errno != ENOBUFS &&
      errno != EHOSTUNREACH && errno != ENETUNREACH && errno != EMSGSIZE)
    fail("sendto");
}

static void note_error(int type, int code, int mtu, const char *from) {
  if (!opt.json) printf("icmp error from %s: type %d code %d mtu %d\n", from, type, code, mtu);
  if (run.error_count >= MAX_ERRORS) return;
  struct icmp_error *e = &run.errors[run.error_count++];
  e->type = type;
  e->code = code;
  e->mtu = mtu;
  snprintf(e->from, sizeof e->from, "%s", from);
}

/* True when the quoted packet of an ICMP error is one of our echo requests. */
static bool quotes_us(const uint8_t *quoted, size_t length) {
  size_t header = opt.v6 ? 40 : length < 20 ? 20 : (size_t)(quoted[0] & 15) * 4;
  return length >= header + HEADER && quoted[header + 4] == ident >> 8 && quoted[header + 5] == (ident & 0xff);
}

static void note_reply(const uint8_t *icmp, size_t length, int ttl, const char *from, uint64_t received_at) {
  long low = icmp[6] << 8 | icmp[7], sequence = (run.sent - 1) & ~0xffffl;
  sequence = (sequence | low) < run.sent ? (sequence | low) : (sequence | low) - 0x10000;
  if (sequence < 0 || length != HEADER + opt.size) return;
  for (size_t i = 0; i < opt.size; i++)
    if (icmp[HEADER + i] != (uint8_t)((size_t)sequence + i)) return;
  if (run.seen[sequence]) {
    run.duplicates++;
    return;
  }
  run.seen[sequence] = true;
  uint64_t rtt = received_at > run.sent_at[sequence] ? received_at - run.sent_at[sequence] : 0;
  run.rtt_ns[run.received++] = rtt;
  run.ttl = ttl;
  if (!opt.json && !opt.flood)
    printf("%zu bytes from %s: icmp_seq=%ld ttl=%d time=%.3f ms\n", length, from, sequence + 1, ttl, (double)rtt / 1e6);
}

/* Takes what waits on the socket: echo replies and errors about our requests. Returns true after a new reply. */
static bool receive(int fd) {
  struct sockaddr_storage peer;
  char control[256], from[INET6_ADDRSTRLEN];
  struct iovec iov = {answer, sizeof answer};
  struct msghdr message = {
      .msg_name = &peer, .msg_namelen = sizeof peer, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t length = recvmsg(fd, &message, MSG_DONTWAIT);
  if (length < 0) return false;
  getnameinfo((struct sockaddr *)&peer, message.msg_namelen, from, sizeof from, NULL, 0, NI_NUMERICHOST);
  uint64_t received_at = clock_ns(CLOCK_REALTIME);
  int ttl = opt.v6 ? 0 : answer[8];
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
      struct timespec stamp;
      memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
      received_at = (uint64_t)stamp.tv_sec * NS_PER_S + (uint64_t)stamp.tv_nsec;
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT) {
      memcpy(&ttl, CMSG_DATA(c), sizeof ttl);
    }
  }
  size_t skip = opt.v6 ? 0 : (size_t)(answer[0] & 15) * 4;
  if ((size_t)length < skip + HEADER) return false;
  const uint8_t *icmp = answer + skip;
  size_t icmp_length = (size_t)length - skip;
  long before = run.received;
  bool echo = icmp[0] == (opt.v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY);
  if (echo && icmp[4] == ident >> 8 && icmp[5] == (ident & 0xff)) note_reply(icmp, icmp_length, ttl, from, received_at);
  bool error = opt.v6 ? icmp[0] < 128 : icmp[0] == ICMP_DEST_UNREACH || icmp[0] == ICMP_TIME_EXCEEDED;
  if (error && quotes_us(icmp + HEADER, icmp_length - HEADER)) {
    int mtu = opt.v6 ? (icmp[0] == ICMP6_PACKET_TOO_BIG ? icmp[6] << 8 | icmp[7] : 0) : icmp[0] == ICMP_DEST_UNREACH && icmp[1] == 4 ? icmp[6] << 8 | icmp[7] : 0;
    note_error(icmp[0], icmp[1], mtu, from);
  }
  return run.received > before;
}

/* Waits until `deadline` (CLOCK_MONOTONIC ns), or with `until_reply` until the next reply. */
static void wait_for_answers(int fd, uint64_t deadline, bool until_reply) {
  while (!stopped) {
    if (receive(fd)) {
      if (until_reply || run.received == opt.count) return;
      continue;
    }
    uint64_t now = now_ns();
    if (now >= deadline) return;
    struct timespec left = {.tv_sec = (time_t)((deadline - now) / NS_PER_S), .tv_nsec = (long)((deadline - now) % NS_PER_S)};
    struct pollfd p = {.fd = fd, .events = POLLIN};
    ppoll(&p, 1, &left, NULL);
  }
}

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

static double percentile_us(double p) {
  if (run.received == 0) return 0;
  long at = (long)(p / 100 * (double)(run.received - 1) + 0.5);
  return (double)run.rtt_ns[at] / 1e3;
}

/* Lower end of the bucket a round trip falls into: its five highest bits. Up to 31 ns it is the value itself. */
static uint64_t bucket_of(uint64_t ns) {
  int below = ns < 32 ? 0 : 64 - __builtin_clzll(ns) - 5;
  return ns >> below << below;
}

/* Needs rtt_ns sorted. */
static void print_histogram(void) {
  printf("\"histogram\":[");
  for (long i = 0, from; i < run.received;) {
    uint64_t bucket = bucket_of(run.rtt_ns[i]);
    for (from = i; i < run.received && bucket_of(run.rtt_ns[i]) == bucket; i++) {
    }
    printf("%s[%.3f,%ld]", from ? "," : "", (double)bucket / 1e3, i - from);
  }
  printf("],");
}

static void print_result(void) {
  qsort(run.rtt_ns, (size_t)run.received, sizeof *run.rtt_ns, by_value);
  double total = 0;
  for (long i = 0; i < run.received; i++) total += (double)run.rtt_ns[i] / 1e3;
  double average = run.received ? total / (double)run.received : 0;
  if (!opt.json) {
    printf("%ld sent, %ld received, rtt min/avg/max %.3f/%.3f/%.3f ms\n", run.sent, run.received, percentile_us(0) / 1e3, average / 1e3, percentile_us(100) / 1e3);
    return;
  }
  printf("{\"sent\":%ld,\"received\":%ld,\"duplicates\":%ld,\"ttl\":%d,", run.sent, run.received, run.duplicates, run.ttl);
  printf("\"rtt_us\":{\"min\":%.3f,\"avg\":%.3f,\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f},", percentile_us(0), average, percentile_us(50), percentile_us(90), percentile_us(99), percentile_us(99.9), percentile_us(100));
  if (opt.histogram) print_histogram();
  printf("\"errors\":[");
  for (long i = 0; i < run.error_count; i++) {
    struct icmp_error *e = &run.errors[i];
    printf("%s{\"type\":%d,\"code\":%d,\"mtu\":%d,\"from\":\"%s\"}", i ? "," : "", e->type, e->code, e->mtu, e->from);
  }
  printf("]}\n");
}

static const char *parse_options(int argc, char **argv) {
  int c;
  while ((c = getopt(argc, argv, "c:i:s:w:t:q:A:fdjH")) != -1) {
    if (c == 'c') opt.count = (long)number_option('c', optarg, 1, 10000000);
    else if (c == 'i') opt.interval_ns = (uint64_t)(number_option('i', optarg, 0, 3600e6) * 1e3);
    else if (c == 's') opt.size = (size_t)number_option('s', optarg, 0, MAX_SIZE);
    else if (c == 'w') opt.timeout_ns = (uint64_t)(number_option('w', optarg, 1, 600000) * 1e6);
    else if (c == 't') opt.ttl = (int)number_option('t', optarg, 1, 255);
    else if (c == 'q') opt.tos = (int)number_option('q', optarg, 0, 255);
    else if (c == 'A') pin_to(optarg);
    else if (c == 'f') opt.flood = true;
    else if (c == 'd') opt.dont_fragment = true;
    else if (c == 'j') opt.json = true;
    else if (c == 'H') opt.histogram = opt.json = true;
    else break;
  }
  if (c != -1 || optind != argc - 1)
    usage("usage: vtep-ping [-c count] [-i interval_us | -f] [-s size] [-w timeout_ms] [-t ttl] [-q tos] [-A cpu] [-d] [-j] [-H] ADDRESS\n");
  return argv[optind];
}

int main(int argc, char **argv) {
  struct sockaddr_storage to;
  socklen_t to_length = parse_address(parse_options(argc, argv), 0, &to);
  opt.v6 = to.ss_family == AF_INET6;
  ident = (uint16_t)getpid();
  run.rtt_ns = calloc((size_t)opt.count, sizeof *run.rtt_ns);
  run.sent_at = calloc((size_t)opt.count, sizeof *run.sent_at);
  run.seen = calloc((size_t)opt.count, sizeof *run.seen);
  if (!run.rtt_ns || !run.sent_at || !run.seen) fail("calloc");
  stop_on_signals();
  setvbuf(stdout, NULL, _IOLBF, 0);
  int fd = open_socket(to.ss_family);
  uint64_t next = now_ns();
  for (long i = 0; i < opt.count && !stopped; i++) {
    send_request(fd, &to, to_length, i);
    if (i == opt.count - 1) break;
    next = (opt.flood ? now_ns() : next) + (opt.flood ? FLOOD_GAP_NS : opt.interval_ns);
    wait_for_answers(fd, next, opt.flood);
  }
  if (run.received < run.sent) wait_for_answers(fd, now_ns() + opt.timeout_ns, false);
  print_result();
  return run.received > 0 ? 0 : 1;
}

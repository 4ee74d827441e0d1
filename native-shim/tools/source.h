/*
 * The source of vtep-datagrams: flows that take turns, up to 64 sends a system call, on a schedule or as fast as it goes.
 *
 * Every flow has a socket, and so a source port, of its own, goes to one of `addresses` in turn, and sends `burst`
 * datagrams before the next one's turn. One is the default: frames of many flows that meet on a link interleave, and
 * testers interleave their streams.
 *
 * With a rate, the source wakes every `wake_ns` and sends what is due then. It sends late rather than not at all, so that
 * the rate holds, but makes up for a delay gently: how often it woke and the most that ever left at one waking are
 * reported, as the reader's hint that losses may be its doing.
 * A datagram that the kernel refused (no room, no listener) is counted, keeps its number, and is not sent again.
 */
#ifndef VTEP_SOURCE_H
#define VTEP_SOURCE_H

#include "numbered.h"
#include "send-ring.h"

#include <netinet/udp.h>
#include <poll.h>
#include <sys/prctl.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

/* A last waking that comes late still sends what was due before the end. */
enum { MAX_SEGMENTS = 64, WAKE_NS = 100000, LATE_NS = 50000000 };

/* Times the rate at which a source that was held up makes up for it. */
#define CATCH_UP 1.25

static struct {
  struct sockaddr_storage to;
  socklen_t to_length;
  uint64_t duration_ns, count, wake_ns;
  size_t size;
  double kpps;
  int flows, burst, segments, addresses;
  uint32_t distance;
  uint16_t run;
  bool without_ring;
} opt = {.duration_ns = 5 * NS_PER_S, .wake_ns = WAKE_NS, .size = 64, .flows = 1, .burst = 1, .segments = 1, .addresses = 1, .distance = 1};

static int sockets[MAX_FLOWS];
static uint64_t sequences[MAX_FLOWS];
static uint8_t *slots; /* BATCH sends of opt.segments datagrams each */
static size_t slot_size;
static bool has_ring;
static uint64_t sent, refused, wakings;

/* A thousand flows are a thousand descriptors, and the usual limit is 1024. */
static void raise_descriptor_limit(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/* The address `by` after opt.to: its last four octets count on. */
static struct sockaddr_storage address_after(uint32_t by) {
  struct sockaddr_storage to = opt.to;
  uint8_t *last = to.ss_family == AF_INET ? (uint8_t *)&((struct sockaddr_in *)&to)->sin_addr : ((struct sockaddr_in6 *)&to)->sin6_addr.s6_addr + 12;
  uint32_t word;
  memcpy(&word, last, sizeof word);
  word = htonl(ntohl(word) + by);
  memcpy(last, &word, sizeof word);
  return to;
}

static void open_flows(void) {
  raise_descriptor_limit();
  for (int i = 0; i < opt.flows; i++) {
    int fd = socket(opt.to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = (int)opt.size;
    if (fd < 0) fail("socket");
    force_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
    if (opt.segments > 1 && setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size) < 0) fail("UDP_SEGMENT (needs Linux 4.18)");
    struct sockaddr_storage to = address_after((uint32_t)(i % opt.addresses) * opt.distance);
    if (connect(fd, (struct sockaddr *)&to, opt.to_length) < 0) fail("connect");
    sockets[i] = fd;
  }
  slot_size = opt.size * (size_t)opt.segments;
  slots = calloc(BATCH, slot_size);
  if (!slots) fail("calloc");
  has_ring = !opt.without_ring && open_ring(sockets, opt.flows);
}

/* Numbers the datagrams of the next `count` sends; flow[i] is whose turn send i is. */
static void number_sends(int count, int *flow) {
  static int turn, of_burst;
  for (int i = 0; i < count; i++) {
    flow[i] = turn;
    for (int s = 0; s < opt.segments; s++)
      *(struct header *)(slots + (size_t)i * slot_size + (size_t)s * opt.size) = (struct header){MAGIC, (uint16_t)turn, opt.run, sequences[turn]++};
    if (++of_burst < opt.burst) continue;
    of_burst = 0;
    if (++turn == opt.flows) turn = 0;
  }
}

/* What a machine without a ring does: one sendmmsg for each run of sends of one flow. */
static void send_by_flow(int count, const int *flow, int *result) {
  static struct iovec iovs[BATCH];
  static struct mmsghdr messages[BATCH];
  for (int i = 0; i < count; i++) {
    iovs[i] = (struct iovec){slots + (size_t)i * slot_size, slot_size};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &iovs[i], .msg_iovlen = 1};
  }
  for (int i = 0, end; i < count;) {
    for (end = i + 1; end < count && flow[end] == flow[i]; end++) {
    }
    int n = sendmmsg(sockets[flow[i]], &messages[i], (unsigned)(end - i), MSG_DONTWAIT);
    if (n < 0) result[i++] = -errno;
    for (int k = 0; k < n; k++) result[i++] = (int)slot_size;
  }
}

/* Counts what became of a send. Where a socket is full it waits for room, as a blocking send would; not for long. */
static void note_result(int flow, int result) {
  if (result >= 0) {
    sent += (uint64_t)opt.segments;
    return;
  }
  errno = -result;
  if (errno != EAGAIN && errno != ENOBUFS && errno != ECONNREFUSED && errno != EINTR) fail("send");
  refused += (uint64_t)opt.segments;
  struct pollfd p = {.fd = sockets[flow], .events = POLLOUT};
  if (errno == EAGAIN) poll(&p, 1, 1);
}

static void send_batch(int count) {
  int flow[BATCH], result[BATCH];
  number_sends(count, flow);
  if (has_ring) {
    for (int i = 0; i < count; i++) queue_send(flow[i], slots + (size_t)i * slot_size, slot_size, i);
    submit_sends(count, result);
  } else {
    send_by_flow(count, flow, result);
  }
  for (int i = 0; i < count; i++) note_result(flow[i], result[i]);
}

/*
 * How many sends are due now, at least one: asleep until the schedule has one, 64 where there is no schedule. What fell due
 * while the source was kept from its core goes out at CATCH_UP times the rate, not at once: a tester's clock never stops
 * (RFC 2544, section 26.1: frames at a specific rate), and a burst at line rate would measure queues.
 */
static int due_sends(uint64_t start, uint64_t *since_wake) {
  static uint64_t asked;
  static double allowed;
  if (opt.kpps == 0) return BATCH;
  double ns_each = 1e6 / opt.kpps, ahead = (double)opt.wake_ns / ns_each;
  if (ahead < 1) ahead = 1;
  uint64_t offered = sent + refused, next = start + (uint64_t)((double)offered * ns_each), now = now_ns();
  uint64_t late = allowed < 1 ? asked + opt.wake_ns / 2 : 0;
  if (now < next || now < late) {
    *since_wake = 0;
    wakings++;
    sleep_until(next > late ? next : late);
    now = now_ns();
  }
  allowed += (double)(now - asked) / ns_each * CATCH_UP;
  if (allowed > 2 * ahead) allowed = 2 * ahead;
  asked = now;
  double due = (double)(now - start) / ns_each - (double)offered + ahead;
  due = (due < allowed ? due : allowed) / opt.segments;
  int sends = due < 1 ? 1 : due > BATCH ? BATCH : (int)due;
  allowed -= sends * opt.segments;
  return sends;
}

static void print_sent(uint64_t start, uint64_t end, uint64_t longest_burst) {
  double seconds = (double)(end - start) / 1e9;
  printf("{\"sent\":%llu,\"refused\":%llu,\"seconds\":%.6f,\"kpps\":%.3f,\"first_ns\":%llu,\"last_ns\":%llu,", (unsigned long long)sent, (unsigned long long)refused, seconds, (double)sent / seconds / 1e3, (unsigned long long)start, (unsigned long long)end);
  printf("\"wakings\":%llu,\"longest_burst\":%llu,\"via\":\"%s\",", (unsigned long long)wakings, (unsigned long long)longest_burst, has_ring ? "io_uring" : "sendmmsg");
  print_cpu_used();
  printf("}\n");
}

/* Sends opt.count datagrams, or for opt.duration_ns; with a rate that is the same. */
static int source(void) {
  prctl(PR_SET_TIMERSLACK, 1000); /* 1 us: the default of 50 us would bunch the schedule */
  open_flows();
  uint64_t start = now_ns(), end = opt.count ? ~0ull : start + opt.duration_ns, since_wake = 0, longest_burst = 0;
  uint64_t limit = opt.count ? opt.count : opt.kpps > 0 ? (uint64_t)(opt.kpps * (double)opt.duration_ns / 1e6) : ~0ull;
  if (limit == 0) limit = 1;
  if (!opt.count && opt.kpps > 0) end += LATE_NS;
  while (!stopped && sent < limit && now_ns() < end) {
    int sends = due_sends(start, &since_wake);
    uint64_t left = (limit - sent - 1) / (uint64_t)opt.segments + 1;
    if (left < (uint64_t)sends) sends = (int)left;
    send_batch(sends);
    since_wake += (uint64_t)sends * (uint64_t)opt.segments;
    if (opt.kpps > 0 && since_wake > longest_burst) longest_burst = since_wake;
  }
  if (opt.kpps > 0) sleep_until(start + (uint64_t)((double)(sent + refused) / opt.kpps * 1e6)); /* the last one's share of time */
  print_sent(start, now_ns(), longest_burst);
  return sent ? 0 : 1;
}

#endif

/*
 * The sink of vtep-datagrams: one socket, 64 datagrams a system call, every number accounted for.
 *
 * Each flow keeps its next expected number and a bitmap of the last WINDOW. The sink is moderated as a NIC's interrupts
 * are: once datagrams flow it does not wait on the socket but sleeps for a millisecond (less where its buffer is small)
 * and then takes all there is. A sink that waits is woken for every few datagrams; on a bare veth that cost it 2500 ns a
 * datagram where this one takes 500, and whoever delivers, for it has to wake it, 600 more. The buffer holds 14 ms of
 * datagrams at 1 Mpps.
 */
#ifndef VTEP_SINK_H
#define VTEP_SINK_H

#include "numbered.h"

#include <linux/sock_diag.h>
#include <poll.h>
#include <sys/prctl.h>

enum { WINDOW = 65536, NAP_NS = 1000000, GRACE_NS = 50000000 };

struct flow {
  uint64_t next; /* the lowest number not yet passed */
  uint64_t seen[WINDOW / 64];
};

static struct {
  uint64_t delivered, bytes, lost, reordered, duplicated, foreign, first_ns, last_ns;
  uint32_t flows;
  struct flow *flow[MAX_FLOWS];
} got;

static bool test_and_set(struct flow *f, uint64_t sequence) {
  uint64_t at = sequence % WINDOW, bit = 1ull << (at % 64);
  bool was = f->seen[at / 64] & bit;
  f->seen[at / 64] |= bit;
  return was;
}

static void note(const struct header *h, size_t length, uint16_t run) {
  if (h->magic != MAGIC || h->flow >= MAX_FLOWS || h->run != run) {
    got.foreign++;
    return;
  }
  struct flow *f = got.flow[h->flow];
  if (!f) {
    f = got.flow[h->flow] = calloc(1, sizeof *f);
    if (!f) fail("calloc");
    got.flows++;
  }
  got.bytes += length;
  if (h->sequence >= f->next) {
    uint64_t gap = h->sequence - f->next;
    for (uint64_t s = f->next, last = gap < WINDOW ? h->sequence : f->next + WINDOW; s < last; s++)
      f->seen[s % WINDOW / 64] &= ~(1ull << (s % 64));
    got.lost += gap;
    f->next = h->sequence + 1;
    f->seen[h->sequence % WINDOW / 64] |= 1ull << (h->sequence % 64);
    got.delivered++;
  } else if (f->next - h->sequence > WINDOW || test_and_set(f, h->sequence)) {
    got.duplicated++;
  } else {
    got.reordered++;
    got.lost--;
    got.delivered++;
  }
}

static struct header headers[BATCH];
static struct iovec header_iovs[BATCH];
static struct mmsghdr arrivals[BATCH];

static void prepare_arrivals(void) {
  for (int i = 0; i < BATCH; i++) {
    header_iovs[i] = (struct iovec){&headers[i], HEADER};
    arrivals[i].msg_hdr = (struct msghdr){.msg_iov = &header_iovs[i], .msg_iovlen = 1};
  }
}

/* Receives one batch; only the 16 numbered octets are copied out of the kernel. Returns how many. */
static int receive_batch(int fd, uint16_t run) {
  int n = recvmmsg(fd, arrivals, BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
  if (n <= 0) return 0;
  got.last_ns = now_ns();
  if (got.first_ns == 0) got.first_ns = got.last_ns;
  for (int i = 0; i < n; i++) {
    if (arrivals[i].msg_len < HEADER) got.foreign++;
    else note(&headers[i], arrivals[i].msg_len, run);
  }
  return n;
}

/* Datagrams the socket had no room for. Asked once: SO_RXQ_OVFL would say it with every datagram, and cost with every one. */
static uint32_t overflowed(int fd) {
  uint32_t memory[SK_MEMINFO_VARS] = {0};
  socklen_t length = sizeof memory;
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &length) < 0) fail("SO_MEMINFO (needs Linux 4.12)");
  return memory[SK_MEMINFO_DROPS];
}

static void print_got(int fd) {
  double seconds = got.last_ns > got.first_ns ? (double)(got.last_ns - got.first_ns) / 1e9 : 0;
  printf("{\"delivered\":%llu,\"lost\":%llu,\"reordered\":%llu,\"duplicated\":%llu,\"foreign\":%llu,\"overflowed\":%u,", (unsigned long long)got.delivered, (unsigned long long)got.lost, (unsigned long long)got.reordered, (unsigned long long)got.duplicated, (unsigned long long)got.foreign, overflowed(fd));
  printf("\"flows\":%u,\"bytes\":%llu,\"seconds\":%.6f,\"kpps\":%.3f,\"first_ns\":%llu,\"last_ns\":%llu,", got.flows, (unsigned long long)got.bytes, seconds, seconds > 0 ? (double)got.delivered / seconds / 1e3 : 0, (unsigned long long)got.first_ns, (unsigned long long)got.last_ns);
  print_cpu_used();
  printf("}\n");
}

/* Nothing more is to be expected: idle for long, or for a moment after SIGTERM said that the source has ended. */
static bool is_over(uint64_t now, uint64_t told, uint64_t idle_ns) {
  if (told) return stopped > 1 || now > told + NS_PER_S || now > (got.last_ns > told ? got.last_ns : told) + GRACE_NS;
  return got.first_ns && now > got.last_ns + idle_ns;
}

static int sink(int port, uint16_t run, uint64_t idle_ns, uint64_t duration_ns) {
  int fd = bind_any(SOCK_DGRAM, port);
  uint64_t room = (uint64_t)force_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF) / 4; /* ns that it holds, 4 KiB a datagram at 1 Mpps */
  uint64_t nap = room < NAP_NS ? room : NAP_NS, end = now_ns() + duration_ns, told = 0;
  prctl(PR_SET_TIMERSLACK, 1000);
  prepare_arrivals();
  announce_ready(port);
  for (uint64_t now; (now = now_ns()) < end;) {
    if (stopped && told == 0) told = now;
    int n = receive_batch(fd, run);
    if (is_over(now, told, idle_ns)) break;
    if (n == BATCH) continue;
    if (got.first_ns && now < got.last_ns + 10 * NAP_NS) {
      sleep_for(nap);
    } else {
      struct pollfd p = {.fd = fd, .events = POLLIN};
      poll(&p, 1, 20);
    }
  }
  print_got(fd);
  return got.delivered ? 0 : 1;
}

#endif

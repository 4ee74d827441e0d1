/*
 * vtep-datagrams: UDP generator and sink, 64 datagrams a system call, every one numbered.
 *
 *   vtep-datagrams sink [-p port] [-i idle_ms] [-t seconds]
 *   vtep-datagrams source [-p port] [-t seconds | -c count] [-s size] [-r kpps] [-n flows] [-b burst] ADDRESS
 *
 *   datagram  | magic 4 | flow 4 | sequence 8 | zeros to `size` octets (UDP payload) |
 *
 * The sink ends after `idle_ms` without a datagram once the first has come, after `seconds`, or on SIGTERM, and prints
 * delivered, lost, reordered and duplicated: each flow keeps its next expected number and a bitmap of the last WINDOW
 * numbers. Datagrams the sink's own socket had no room for are told apart (SO_RXQ_OVFL): they were delivered, and the
 * measurement is then the sink's. Loss after the last delivered datagram is the caller's to see: sent - delivered.
 * With -r the source keeps a schedule of at most 100 us of datagrams a wake-up; without, it sends as fast as it can.
 */
#include "tool.h"

#include <poll.h>
#include <sys/prctl.h>

enum { MAGIC = 0x76746467, BATCH = 64, HEADER = 16, MAX_FLOWS = 1024, WINDOW = 65536, MAX_SIZE = 65507, SOCKET_BUFFER = 16 << 20 };

struct header {
  uint32_t magic, flow;
  uint64_t sequence;
};

static void force_buffer(int fd, int force, int plain) {
  int size = SOCKET_BUFFER;
  if (setsockopt(fd, SOL_SOCKET, force, &size, sizeof size) < 0) setsockopt(fd, SOL_SOCKET, plain, &size, sizeof size);
}

/* ---------------------------------------------------------------------------------------- sink */

struct flow {
  uint64_t next; /* the lowest number not yet passed */
  uint64_t seen[WINDOW / 64];
};

static struct {
  uint64_t delivered, bytes, lost, reordered, duplicated, foreign, overflowed, first_ns, last_ns;
  uint32_t flows;
  struct flow *flow[MAX_FLOWS];
} got;

static bool test_and_set(struct flow *f, uint64_t sequence) {
  uint64_t at = sequence % WINDOW, bit = 1ull << (at % 64);
  bool was = f->seen[at / 64] & bit;
  f->seen[at / 64] |= bit;
  return was;
}

static void note(const struct header *h, size_t length) {
  if (h->magic != MAGIC || h->flow >= MAX_FLOWS) {
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

/* Datagrams dropped for want of room since the socket was made (SO_RXQ_OVFL). */
static void note_overflow(struct msghdr *message) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
      uint32_t dropped;
      memcpy(&dropped, CMSG_DATA(c), sizeof dropped);
      got.overflowed = dropped;
    }
}

/* Receives one batch; only the 16 numbered octets are copied out of the kernel. Returns how many. */
static int receive_batch(int fd) {
  static struct header headers[BATCH];
  static struct iovec iovs[BATCH];
  static struct mmsghdr messages[BATCH];
  static char control[BATCH][CMSG_SPACE(sizeof(uint32_t))];
  for (int i = 0; i < BATCH; i++) {
    iovs[i] = (struct iovec){&headers[i], HEADER};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &iovs[i], .msg_iovlen = 1, .msg_control = control[i], .msg_controllen = sizeof control[i]};
  }
  int n = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
  if (n <= 0) return 0;
  got.last_ns = now_ns();
  if (got.first_ns == 0) got.first_ns = got.last_ns;
  for (int i = 0; i < n; i++) {
    if (messages[i].msg_len < HEADER) got.foreign++;
    else note(&headers[i], messages[i].msg_len);
  }
  note_overflow(&messages[n - 1].msg_hdr);
  return n;
}

static int sink(int port, uint64_t idle_ns, uint64_t duration_ns) {
  int fd = bind_any(SOCK_DGRAM, port), on = 1;
  force_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
  setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  announce_ready(port);
  uint64_t end = now_ns() + duration_ns;
  while (!stopped && now_ns() < end) {
    if (receive_batch(fd) > 0) continue;
    if (got.first_ns && now_ns() - got.last_ns > idle_ns) break;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    poll(&p, 1, 20);
  }
  while (receive_batch(fd) > 0) {
  }
  double seconds = got.last_ns > got.first_ns ? (double)(got.last_ns - got.first_ns) / 1e9 : 0;
  printf("{\"delivered\":%llu,\"lost\":%llu,\"reordered\":%llu,\"duplicated\":%llu,\"foreign\":%llu,\"overflowed\":%llu,", (unsigned long long)got.delivered, (unsigned long long)got.lost, (unsigned long long)got.reordered, (unsigned long long)got.duplicated, (unsigned long long)got.foreign, (unsigned long long)got.overflowed);
  printf("\"flows\":%u,\"bytes\":%llu,\"seconds\":%.6f,\"kpps\":%.3f}\n", got.flows, (unsigned long long)got.bytes, seconds, seconds > 0 ? (double)got.delivered / seconds / 1e3 : 0);
  return got.delivered ? 0 : 1;
}

/* -------------------------------------------------------------------------------------- source */

static struct {
  struct sockaddr_storage to;
  socklen_t to_length;
  uint64_t duration_ns, count;
  size_t size;
  double kpps;
  int flows, burst;
} opt = {.duration_ns = 5 * NS_PER_S, .size = 64, .flows = 1, .burst = BATCH};

static int sockets[MAX_FLOWS];
static uint64_t sequences[MAX_FLOWS];

static void open_flows(void) {
  for (int i = 0; i < opt.flows; i++) {
    int fd = socket(opt.to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    force_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
    if (connect(fd, (struct sockaddr *)&opt.to, opt.to_length) < 0) fail("connect");
    sockets[i] = fd;
  }
}

/* Sends `count` datagrams of one flow; returns how many the kernel took. A refusal (ENOBUFS) is not retried. */
static int send_batch(int flow, int count) {
  static struct header headers[BATCH];
  static struct iovec iovs[BATCH][2];
  static struct mmsghdr messages[BATCH];
  static uint8_t zeros[MAX_SIZE];
  for (int i = 0; i < count; i++) {
    headers[i] = (struct header){MAGIC, (uint32_t)flow, sequences[flow] + (uint64_t)i};
    iovs[i][0] = (struct iovec){&headers[i], HEADER};
    iovs[i][1] = (struct iovec){zeros, opt.size - HEADER};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = iovs[i], .msg_iovlen = opt.size > HEADER ? 2 : 1};
  }
  int n = sendmmsg(sockets[flow], messages, (unsigned)count, 0);
  if (n < 0) return errno == EINTR || errno == ENOBUFS || errno == EAGAIN || errno == ECONNREFUSED ? 0 : -1;
  sequences[flow] += (uint64_t)n;
  return n;
}

static int source(void) {
  prctl(PR_SET_TIMERSLACK, 1000); /* 1 us: the default of 50 us would bunch the schedule */
  open_flows();
  uint64_t start = now_ns(), sent = 0, end = start + opt.duration_ns;
  int batch = opt.burst;
  if (opt.kpps > 0) {
    double per_wake = opt.kpps / 10; /* datagrams in 100 us */
    batch = per_wake < 1 ? 1 : per_wake < batch ? (int)per_wake : batch;
  }
  for (int flow = 0; !stopped && (opt.count ? sent < opt.count : now_ns() < end); flow = (flow + 1) % opt.flows) {
    if (opt.kpps > 0) sleep_until(start + (uint64_t)((double)sent / opt.kpps * 1e6));
    int want = opt.count && opt.count - sent < (uint64_t)batch ? (int)(opt.count - sent) : batch;
    int n = send_batch(flow, want);
    if (n < 0) fail("sendmmsg");
    sent += (uint64_t)n;
  }
  double seconds = (double)(now_ns() - start) / 1e9;
  printf("{\"sent\":%llu,\"seconds\":%.6f,\"kpps\":%.3f}\n", (unsigned long long)sent, seconds, (double)sent / seconds / 1e3);
  return sent ? 0 : 1;
}

static _Noreturn void wrong_usage(void) {
  usage("usage: vtep-datagrams sink [-p port] [-i idle_ms] [-t seconds]\n"
        "       vtep-datagrams source [-p port] [-t seconds | -c count] [-s size] [-r kpps] [-n flows] [-b burst] ADDRESS\n");
}

int main(int argc, char **argv) {
  int c, port = 5002;
  uint64_t idle_ns = NS_PER_S / 2;
  if (argc < 2) wrong_usage();
  bool is_sink = strcmp(argv[1], "sink") == 0;
  if (is_sink) opt.duration_ns = 3600 * NS_PER_S;
  optind = 2;
  while ((c = getopt(argc, argv, "p:i:t:c:s:r:n:b:")) != -1) {
    if (c == 'p') port = (int)number_option('p', optarg, 1, 65535);
    else if (c == 'i') idle_ns = (uint64_t)(number_option('i', optarg, 1, 60000) * 1e6);
    else if (c == 't') opt.duration_ns = (uint64_t)(number_option('t', optarg, 0.01, 3600) * 1e9);
    else if (c == 'c') opt.count = (uint64_t)number_option('c', optarg, 1, 1e12);
    else if (c == 's') opt.size = (size_t)number_option('s', optarg, HEADER, MAX_SIZE);
    else if (c == 'r') opt.kpps = number_option('r', optarg, 0.001, 100000);
    else if (c == 'n') opt.flows = (int)number_option('n', optarg, 1, MAX_FLOWS);
    else if (c == 'b') opt.burst = (int)number_option('b', optarg, 1, BATCH);
    else wrong_usage();
  }
  stop_on_signals();
  if (is_sink && optind == argc) return sink(port, idle_ns, opt.duration_ns);
  if (strcmp(argv[1], "source") != 0 || optind != argc - 1) wrong_usage();
  opt.to_length = parse_address(argv[optind], port, &opt.to);
  return source();
}

/*
 * vtep-stream: TCP bulk transfer with known content.
 *
 *   vtep-stream sink [-p port] [-A cpu] [-n transfers]
 *   vtep-stream source [-p port] [-A cpu] [-t seconds | -b megabytes] [-P streams] [-C congestion] [-m discard|copy|check] ADDRESS
 *
 * A transfer is: 24 octets of greeting from the source, content, FIN; then the sink's verdict, 40 octets, back.
 *
 *   greeting  | magic 4 | mode 4 | seed 8 | reserved 8 |
 *   verdict   | bytes 8 | first octet at, ns 8 | last octet at, ns 8 | checksum 8 | first wrong offset or ~0 8 |
 *
 * mode discard: the sink drops the octets in the kernel (MSG_TRUNC), the cheapest sink there is; copy: it reads them as
 * any program would; check: content is word i = mix(seed + i), the sink generates it too and compares every octet.
 * Both ends are on one machine (namespaces), so words are in host order and CLOCK_MONOTONIC is one clock: the rate is
 * the sink's octets between its first and its last, over all streams. The source prints one line of JSON. -A keeps
 * either end, all its threads, on one CPU.
 */
#include "tool.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>

enum { MAGIC = 0x76746570, DISCARD = 0, COPY = 1, CHECK = 2, BLOCK = 128 * 1024, WORDS = BLOCK / 8, MAX_STREAMS = 128 };

static const char *const MODES[] = {"discard", "copy", "check"};

struct greeting {
  uint32_t magic, mode;
  uint64_t seed, reserved;
};

struct verdict {
  uint64_t bytes, first_ns, last_ns, checksum, wrong_at;
};

/* splitmix64: each word depends on its index alone, so both ends can make any part of the content. */
static inline uint64_t mix(uint64_t x) {
  x *= 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  return x ^ (x >> 27);
}

static void fill(uint64_t *block, uint64_t seed, uint64_t first_word) {
  for (int i = 0; i < WORDS; i++) block[i] = mix(seed + first_word + (uint64_t)i);
}

static bool read_fully(int fd, void *to, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t n = recv(fd, (char *)to + done, length - done, 0);
    if (n <= 0) return false;
    done += (size_t)n;
  }
  return true;
}

static bool write_fully(int fd, const void *from, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t n = send(fd, (const char *)from + done, length - done, MSG_NOSIGNAL);
    if (n < 0) return false;
    done += (size_t)n;
  }
  return true;
}

/* ---------------------------------------------------------------------------------------- sink */

/* Compares `length` octets received at `offset` with the content, and sums them by word for the report. */
static void compare(struct verdict *v, const uint8_t *bytes, size_t length, uint64_t offset, uint64_t seed, uint64_t *expected) {
  if (v->wrong_at != ~0ull) return;
  uint64_t first_word = offset / 8, skip = offset % 8;
  fill(expected, seed, first_word);
  if (memcmp(bytes, (uint8_t *)expected + skip, length) == 0) return;
  size_t at = 0;
  while (bytes[at] == ((uint8_t *)expected)[skip + at]) at++;
  v->wrong_at = offset + at;
}

/* One transfer on its own thread: the argument is the connection. */
static void *sink_transfer(void *argument) {
  int fd = (int)(intptr_t)argument;
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL); /* signals are for the thread that accepts */
  struct greeting hello;
  struct verdict v = {.wrong_at = ~0ull};
  uint8_t *buffer = malloc(BLOCK);
  uint64_t *expected = malloc(BLOCK + 8);
  if (buffer && expected && read_fully(fd, &hello, sizeof hello) && hello.magic == MAGIC) {
    /* check reads at most a block less the skew of an unaligned offset, so that `expected` covers it */
    size_t ask = hello.mode == DISCARD ? 8u << 20 : hello.mode == CHECK ? BLOCK - 8 : BLOCK;
    for (;;) {
      ssize_t n = recv(fd, buffer, ask, hello.mode == DISCARD ? MSG_TRUNC : 0);
      if (n <= 0) break;
      v.last_ns = now_ns();
      if (v.first_ns == 0) v.first_ns = v.last_ns;
      if (hello.mode == CHECK) {
        compare(&v, buffer, (size_t)n, v.bytes, hello.seed, expected);
        for (ssize_t i = 0; i < n; i++) v.checksum = v.checksum * 31 + buffer[i];
      }
      v.bytes += (uint64_t)n;
    }
    write_fully(fd, &v, sizeof v);
  }
  free(buffer);
  free(expected);
  close(fd);
  return NULL;
}

static int sink(int port, long transfers) {
  int listener = bind_any(SOCK_STREAM, port);
  if (listen(listener, MAX_STREAMS) < 0) fail("listen");
  announce_ready(port);
  for (long done = 0; !stopped && done != transfers; done++) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    pthread_t thread;
    if (fd < 0) continue;
    if (pthread_create(&thread, NULL, sink_transfer, (void *)(intptr_t)fd) != 0) fail("pthread_create");
    pthread_detach(thread);
  }
  if (!stopped) pthread_exit(NULL); /* the last transfers end the process */
  return 0;
}

/* -------------------------------------------------------------------------------------- source */

static struct {
  struct sockaddr_storage to;
  socklen_t to_length;
  uint64_t duration_ns, bytes;
  const char *congestion;
  int mode;
} source_opt;

struct stream {
  pthread_t thread;
  uint64_t seed, sent, retransmits, checksum, rtt_us;
  struct verdict verdict;
  char error[96];
};

static void stream_error(struct stream *s, const char *what) { snprintf(s->error, sizeof s->error, "%s: %s", what, strerror(errno)); }

static int open_stream(struct stream *s) {
  int fd = socket(source_opt.to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    stream_error(s, "socket");
    return -1;
  }
  const char *name = source_opt.congestion;
  struct timeval patience = {.tv_sec = 20};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, (socklen_t)strlen(name)) < 0) stream_error(s, name);
  else if (connect(fd, (struct sockaddr *)&source_opt.to, source_opt.to_length) < 0) stream_error(s, "connect");
  else return fd;
  close(fd);
  return -1;
}

/* Sends content until the bytes are out or the time is up. */
static void send_content(struct stream *s, int fd, uint64_t *block) {
  uint64_t end = now_ns() + source_opt.duration_ns;
  fill(block, s->seed, 0);
  while (!stopped) {
    size_t length = BLOCK;
    if (source_opt.bytes) {
      if (s->sent >= source_opt.bytes) return;
      if (source_opt.bytes - s->sent < length) length = (size_t)(source_opt.bytes - s->sent);
    } else if (now_ns() >= end) {
      return;
    }
    if (source_opt.mode == CHECK && s->sent) fill(block, s->seed, s->sent / 8);
    if (!write_fully(fd, block, length)) {
      stream_error(s, "send");
      return;
    }
    if (source_opt.mode == CHECK)
      for (size_t i = 0; i < length; i++) s->checksum = s->checksum * 31 + ((uint8_t *)block)[i];
    s->sent += length;
  }
}

static void *run_stream(void *argument) {
  struct stream *s = argument;
  uint64_t *block = malloc(BLOCK);
  int fd = block ? open_stream(s) : -1;
  if (fd < 0) {
    free(block);
    return NULL;
  }
  struct greeting hello = {.magic = MAGIC, .mode = (uint32_t)source_opt.mode, .seed = s->seed};
  if (write_fully(fd, &hello, sizeof hello)) send_content(s, fd, block);
  else stream_error(s, "send");
  struct tcp_info info = {0};
  socklen_t info_length = sizeof info;
  shutdown(fd, SHUT_WR);
  if (!*s->error && !read_fully(fd, &s->verdict, sizeof s->verdict)) stream_error(s, "no verdict from the sink");
  getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_length);
  s->retransmits = info.tcpi_total_retrans;
  s->rtt_us = info.tcpi_rtt;
  close(fd);
  free(block);
  return NULL;
}

static int report(struct stream *streams, int count) {
  uint64_t sent = 0, bytes = 0, retransmits = 0, first = ~0ull, last = 0, rtt = 0, checksum = 0;
  bool ok = true;
  const char *error = "";
  for (int i = 0; i < count; i++) {
    struct stream *s = &streams[i];
    sent += s->sent;
    bytes += s->verdict.bytes;
    retransmits += s->retransmits;
    rtt += s->rtt_us / (uint64_t)count;
    checksum ^= s->verdict.checksum;
    if (s->verdict.bytes && s->verdict.first_ns < first) first = s->verdict.first_ns;
    if (s->verdict.last_ns > last) last = s->verdict.last_ns;
    if (s->verdict.bytes != s->sent || s->verdict.checksum != s->checksum) ok = false;
    if (source_opt.mode == CHECK && s->verdict.wrong_at != ~0ull) ok = false;
    if (*s->error) error = s->error;
  }
  double seconds = last > first ? (double)(last - first) / 1e9 : 0;
  ok = ok && !*error && bytes > 0;
  printf("{\"ok\":%s,\"sent\":%llu,\"bytes\":%llu,\"seconds\":%.6f,\"gbps\":%.4f,", ok ? "true" : "false", (unsigned long long)sent, (unsigned long long)bytes, seconds, seconds > 0 ? (double)bytes * 8 / seconds / 1e9 : 0);
  printf("\"retransmits\":%llu,\"rtt_us\":%llu,\"mode\":\"%s\",\"checksum\":\"%016llx\",\"error\":\"%s\"}\n", (unsigned long long)retransmits, (unsigned long long)rtt, MODES[source_opt.mode], (unsigned long long)checksum, error);
  return ok ? 0 : 1;
}

static int source(int count) {
  struct stream *streams = calloc((size_t)count, sizeof *streams);
  if (!streams) fail("calloc");
  for (int i = 0; i < count; i++) {
    streams[i].seed = mix(now_ns() + (uint64_t)i);
    if (pthread_create(&streams[i].thread, NULL, run_stream, &streams[i]) != 0) fail("pthread_create");
  }
  for (int i = 0; i < count; i++) pthread_join(streams[i].thread, NULL);
  int rc = report(streams, count);
  free(streams);
  return rc;
}

static _Noreturn void wrong_usage(void) {
  usage("usage: vtep-stream sink [-p port] [-A cpu] [-n transfers]\n"
        "       vtep-stream source [-p port] [-A cpu] [-t seconds | -b megabytes] [-P streams] [-C congestion] [-m discard|copy|check] ADDRESS\n");
}

static int mode_option(const char *text) {
  for (int i = DISCARD; i <= CHECK; i++)
    if (strcmp(text, MODES[i]) == 0) return i;
  usage("vtep-stream: -m %s: expected discard, copy or check\n", text);
}

int main(int argc, char **argv) {
  int c, port = 5001, streams = 1;
  long transfers = -1;
  if (argc < 2) wrong_usage();
  const char *role = argv[1];
  source_opt.duration_ns = 5 * NS_PER_S;
  source_opt.congestion = "cubic";
  optind = 2;
  while ((c = getopt(argc, argv, "p:A:n:t:b:P:C:m:")) != -1) {
    if (c == 'p') port = (int)number_option('p', optarg, 1, 65535);
    else if (c == 'A') pin_to(optarg);
    else if (c == 'n') transfers = (long)number_option('n', optarg, 1, 1e6);
    else if (c == 't') source_opt.duration_ns = (uint64_t)(number_option('t', optarg, 0.01, 3600) * 1e9);
    else if (c == 'b') source_opt.bytes = (uint64_t)(number_option('b', optarg, 0.001, 1e6) * 1e6) & ~7ull;
    else if (c == 'P') streams = (int)number_option('P', optarg, 1, MAX_STREAMS);
    else if (c == 'C') source_opt.congestion = optarg;
    else if (c == 'm') source_opt.mode = mode_option(optarg);
    else wrong_usage();
  }
  stop_on_signals();
  if (strcmp(role, "sink") == 0 && optind == argc) return sink(port, transfers);
  if (strcmp(role, "source") != 0 || optind != argc - 1) wrong_usage();
  source_opt.to_length = parse_address(argv[optind], port, &source_opt.to);
  return source(streams);
}

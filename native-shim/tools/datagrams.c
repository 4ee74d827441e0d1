/*
 * vtep-datagrams: UDP generator and sink, 64 datagrams a system call, every one numbered (numbered.h).
 *
 *   vtep-datagrams sink [-p port] [-A cpu] [-I run] [-i idle_ms] [-t seconds]
 *   vtep-datagrams source [-p port] [-A cpu] [-I run] [-t seconds | -c count] [-s size] [-r kpps] [-w wake_us]
 *                         [-n flows] [-a addresses] [-d distance] [-b burst] [-g segments] [-M] ADDRESS
 *
 * The sink ends after `idle_ms` without a datagram once the first has come, after `seconds`, or, after SIGTERM, when
 * nothing has come for 50 ms (a second SIGTERM: at once), and prints delivered, lost, reordered and duplicated, those of
 * another run or program as foreign. Datagrams its own socket had no room for are told apart as overflowed: they were
 * delivered, and the measurement is then the sink's. Loss after the last delivered datagram is the caller's to see:
 * sent - delivered. Both say the CPU they used, in seconds, and when they began and ended (CLOCK_MONOTONIC).
 *
 * -A keeps either on one CPU. -a spreads the flows over that many addresses, ADDRESS and those after it, each `distance`
 * (default 1) from the one before. -g hands the kernel that many datagrams as one (UDP_SEGMENT): bulk UDP, another workload than single datagrams, hence never the
 * default. -M sends with sendmmsg where io_uring would do.
 */
#include "sink.h"
#include "source.h"

static _Noreturn void wrong_usage(void) {
  usage("usage: vtep-datagrams sink [-p port] [-A cpu] [-I run] [-i idle_ms] [-t seconds]\n"
        "       vtep-datagrams source [-p port] [-A cpu] [-I run] [-t seconds | -c count] [-s size] [-r kpps] [-w wake_us]\n"
        "                             [-n flows] [-a addresses] [-d distance] [-b burst] [-g segments] [-M] ADDRESS\n");
}

static void check_segments(void) {
  if (opt.size * (size_t)opt.segments > MAX_SIZE)
    usage("vtep-datagrams: -g %d: %d segments of %zu octets are more than the %d that fit one send; take at most %zu\n", opt.segments, opt.segments, opt.size, MAX_SIZE, MAX_SIZE / opt.size);
}

int main(int argc, char **argv) {
  int c, port = 5002;
  uint64_t idle_ns = NS_PER_S / 2;
  if (argc < 2) wrong_usage();
  bool is_sink = strcmp(argv[1], "sink") == 0;
  if (is_sink) opt.duration_ns = 3600 * NS_PER_S;
  optind = 2;
  while ((c = getopt(argc, argv, is_sink ? "p:A:I:i:t:" : "p:A:I:t:c:s:r:w:n:a:d:b:g:M")) != -1) {
    if (c == 'p') port = (int)number_option('p', optarg, 1, 65535);
    else if (c == 'A') pin_to(optarg);
    else if (c == 'I') opt.run = (uint16_t)number_option('I', optarg, 0, MAX_RUN);
    else if (c == 'i') idle_ns = (uint64_t)(number_option('i', optarg, 1, 3600000) * 1e6);
    else if (c == 't') opt.duration_ns = (uint64_t)(number_option('t', optarg, 0.01, 3600) * 1e9);
    else if (c == 'c') opt.count = (uint64_t)number_option('c', optarg, 1, 1e12);
    else if (c == 's') opt.size = (size_t)number_option('s', optarg, HEADER, MAX_SIZE);
    else if (c == 'r') opt.kpps = number_option('r', optarg, 0.001, 100000);
    else if (c == 'w') opt.wake_ns = (uint64_t)(number_option('w', optarg, 1, 1000000) * 1e3);
    else if (c == 'n') opt.flows = (int)number_option('n', optarg, 1, MAX_FLOWS);
    else if (c == 'a') opt.addresses = (int)number_option('a', optarg, 1, MAX_FLOWS);
    else if (c == 'd') opt.distance = (uint32_t)number_option('d', optarg, 1, MAX_DISTANCE);
    else if (c == 'b') opt.burst = (int)number_option('b', optarg, 1, 1e6);
    else if (c == 'g') opt.segments = (int)number_option('g', optarg, 1, MAX_SEGMENTS);
    else if (c == 'M') opt.without_ring = true;
    else wrong_usage();
  }
  check_segments();
  stop_on_signals();
  if (is_sink && optind == argc) return sink(port, opt.run, idle_ns, opt.duration_ns);
  if (strcmp(argv[1], "source") != 0 || optind != argc - 1) wrong_usage();
  opt.to_length = parse_address(argv[optind], port, &opt.to);
  return source();
}

/*
 * vtep-sniff: the frames of an interface as JSON lines, or a pcap file, without tcpdump.
 *
 *   vtep-sniff [-e ethertype] [-u port] [-s snap] [-c count] [-t seconds] [-w file.pcap] [-q] INTERFACE
 *
 * -e 0x0806 keeps one ethertype, -u 4789 keeps UDP (IPv4 or IPv6) to or from a port; -q counts only. A line is
 * {"out":true,"length":114,"hex":"..."}: `out` for frames this host sends, `length` before the cut to `snap` octets. The
 * last line, on SIGTERM, after `count` frames or `seconds`, is {"frames":n,"dropped":n}. A VLAN tag the kernel keeps
 * beside the frame (PACKET_AUXDATA) is put back where it was.
 */
#include "capture.h"

#include <poll.h>

static struct {
  int ethertype, port;
  size_t snap;
  long count;
  uint64_t duration_ns;
  bool quiet;
  FILE *pcap;
} opt = {.snap = 256, .duration_ns = 3600 * NS_PER_S};

static int be16(const uint8_t *at) { return at[0] << 8 | at[1]; }

/* True when the frame is UDP to or from `port`; fragments other than the first carry no ports and do not match. */
static bool has_port(const uint8_t *frame, size_t length, int port) {
  size_t at = ETHERNET;
  int type = be16(frame + 12);
  if (type == ETH_P_8021Q && length > ETHERNET + TAG) {
    type = be16(frame + 16);
    at += TAG;
  }
  if (type == ETH_P_IP && length >= at + 20 && frame[at + 9] == IPPROTO_UDP && (be16(frame + at + 6) & 0x1fff) == 0) at += (size_t)(frame[at] & 15) * 4;
  else if (type == ETH_P_IPV6 && length >= at + 40 && frame[at + 6] == IPPROTO_UDP) at += 40;
  else return false;
  return length >= at + 4 && (be16(frame + at) == port || be16(frame + at + 2) == port);
}

static bool wanted(const uint8_t *frame, size_t length) {
  if (length < ETHERNET) return false;
  if (opt.ethertype && be16(frame + 12) != opt.ethertype) return false;
  return !opt.port || has_port(frame, length, opt.port);
}

/* pcap (not pcapng): 24 octets of file header, 16 before each packet, host byte order, microseconds. */
static void pcap_open(const char *path) {
  uint32_t head[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, MAX_FRAME, 1};
  opt.pcap = fopen(path, "wbe");
  if (!opt.pcap || fwrite(head, sizeof head, 1, opt.pcap) != 1) fail(path);
}

static void pcap_write(const uint8_t *frame, size_t kept, size_t length) {
  uint64_t now = clock_ns(CLOCK_REALTIME);
  uint32_t head[4] = {(uint32_t)(now / NS_PER_S), (uint32_t)(now % NS_PER_S / 1000), (uint32_t)kept, (uint32_t)length};
  if (fwrite(head, sizeof head, 1, opt.pcap) != 1 || fwrite(frame, kept, 1, opt.pcap) != 1) fail("pcap");
}

static void print_frame(const uint8_t *frame, size_t kept, size_t length, bool out) {
  static char hex[2 * MAX_FRAME + 1];
  to_hex(frame, kept, hex);
  printf("{\"out\":%s,\"length\":%zu,\"hex\":\"%s\"}\n", out ? "true" : "false", length, hex);
}

/* Takes one frame; returns 1 when it was wanted, 0 when not, -1 when none waits. */
static int capture(int fd) {
  size_t length;
  bool out;
  uint8_t *frame = receive_frame(fd, &length, &out);
  if (!frame) return -1;
  if (!wanted(frame, length)) return 0;
  size_t kept = length < opt.snap ? length : opt.snap;
  if (opt.pcap) pcap_write(frame, kept, length);
  else if (!opt.quiet) print_frame(frame, kept, length, out);
  return 1;
}

static const char *parse_options(int argc, char **argv) {
  int c;
  while ((c = getopt(argc, argv, "e:u:s:c:t:w:q")) != -1) {
    if (c == 'e') opt.ethertype = (int)number_option('e', optarg, 1, 65535);
    else if (c == 'u') opt.port = (int)number_option('u', optarg, 1, 65535);
    else if (c == 's') opt.snap = (size_t)number_option('s', optarg, 1, MAX_FRAME);
    else if (c == 'c') opt.count = (long)number_option('c', optarg, 1, 1e9);
    else if (c == 't') opt.duration_ns = (uint64_t)(number_option('t', optarg, 0.01, 3600) * 1e9);
    else if (c == 'w') pcap_open(optarg);
    else if (c == 'q') opt.quiet = true;
    else break;
  }
  if (c != -1 || optind != argc - 1)
    usage("usage: vtep-sniff [-e ethertype] [-u port] [-s snap] [-c count] [-t seconds] [-w file.pcap] [-q] INTERFACE\n");
  return argv[optind];
}

int main(int argc, char **argv) {
  int fd = open_capture(parse_options(argc, argv));
  long frames = 0;
  uint64_t end = now_ns() + opt.duration_ns;
  stop_on_signals();
  announce_ready(0);
  while (!opt.count || frames < opt.count) {
    int taken = capture(fd);
    if (taken > 0) frames++;
    if (taken >= 0) continue;
    if (stopped || now_ns() >= end) break;
    fflush(stdout);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    poll(&p, 1, 50);
  }
  struct tpacket_stats stats = {0};
  socklen_t length = sizeof stats;
  getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length);
  if (opt.pcap && fclose(opt.pcap) != 0) fail("pcap");
  printf("{\"frames\":%ld,\"dropped\":%u}\n", frames, stats.tp_drops);
  return 0;
}

/*
 * vtep-frames: sends crafted frames on interfaces of a namespace and shows what they receive, told by lines.
 *
 *   standard input                  standard output
 *   open NAME                       {"opened":"NAME"}, or {"error":"...","dev":"NAME"}
 *   close NAME
 *   send NAME HEX                   {"error":"...","dev":"NAME"} when the interface refuses it, otherwise nothing
 *   mark NAME N                     what is sent on NAME from now on has this mark
 *   sync N                          {"sync":N}: everything received before stands above
 *
 * A frame that came is {"dev":"NAME","hex":"..."}; what this host itself sends is not shown. It ends with standard input.
 */
#include "capture.h"

#include <poll.h>

enum { MAX_OPEN = 8, MAX_LINE = 2 * MAX_FRAME + 64 };

static struct {
  char name[IFNAMSIZ];
  int fd;
} devices[MAX_OPEN];

static int find(const char *name) {
  for (int i = 0; i < MAX_OPEN; i++)
    if (strcmp(devices[i].name, name) == 0) return i;
  return -1;
}

static void complain(const char *name, const char *why) { printf("{\"error\":\"%s\",\"dev\":\"%s\"}\n", why, name); }

static void close_device(const char *name) {
  int i = find(name);
  if (i < 0) return;
  close(devices[i].fd);
  devices[i].name[0] = 0;
}

static void open_device(const char *name) {
  close_device(name);
  int i = find("");
  if (i < 0 || strlen(name) >= IFNAMSIZ) return complain(name, "too many interfaces, or too long a name");
  if (if_nametoindex(name) == 0) return complain(name, strerror(errno));
  devices[i].fd = open_capture(name);
  strcpy(devices[i].name, name);
  printf("{\"opened\":\"%s\"}\n", name);
}

static int digit(char c) { return c >= 'a' ? c - 'a' + 10 : c - '0'; }

static void send_frame(const char *name, const char *hex) {
  static uint8_t frame[MAX_FRAME];
  int i = find(name);
  size_t length = strlen(hex) / 2;
  if (i < 0) return complain(name, "not open");
  for (size_t at = 0; at < length && at < sizeof frame; at++) frame[at] = (uint8_t)(digit(hex[2 * at]) << 4 | digit(hex[2 * at + 1]));
  if (send(devices[i].fd, frame, length, 0) < 0) complain(name, strerror(errno));
}

static void mark_frames(const char *name, const char *number) {
  int i = find(name);
  uint32_t mark = (uint32_t)strtoul(number, NULL, 0);
  if (i < 0) return complain(name, "not open");
  if (setsockopt(devices[i].fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) < 0) complain(name, strerror(errno));
}

static void show_received(void) {
  static char hex[2 * MAX_FRAME + 1];
  uint8_t *frame;
  size_t length;
  bool out;
  for (int i = 0; i < MAX_OPEN; i++) {
    while (devices[i].name[0] && (frame = receive_frame(devices[i].fd, &length, &out))) {
      if (out) continue;
      to_hex(frame, length, hex);
      printf("{\"dev\":\"%s\",\"hex\":\"%s\"}\n", devices[i].name, hex);
    }
  }
}

static void obey(char *line) {
  char *verb = strtok(line, " "), *name = strtok(NULL, " "), *argument = strtok(NULL, " ");
  if (!verb || !name) return;
  if (strcmp(verb, "open") == 0) open_device(name);
  else if (strcmp(verb, "close") == 0) close_device(name);
  else if (strcmp(verb, "send") == 0 && argument) send_frame(name, argument);
  else if (strcmp(verb, "mark") == 0 && argument) mark_frames(name, argument);
  else if (strcmp(verb, "sync") == 0) {
    show_received();
    printf("{\"sync\":%s}\n", name);
  } else complain(name, "expected open, close, send, mark or sync");
}

/* Obeys the whole lines of standard input. False at its end. */
static bool read_lines(void) {
  static char lines[MAX_LINE];
  static size_t held;
  ssize_t n = read(STDIN_FILENO, lines + held, sizeof lines - held);
  if (n <= 0) return false;
  held += (size_t)n;
  char *start = lines, *end;
  while ((end = memchr(start, '\n', held - (size_t)(start - lines)))) {
    *end = 0;
    obey(start);
    start = end + 1;
  }
  held -= (size_t)(start - lines);
  memmove(lines, start, held);
  return true;
}

int main(int argc, char **argv) {
  if (argc != 1) usage("usage: %s (told by lines on standard input)\n", argv[0]);
  stop_on_signals();
  announce_ready(0);
  while (!stopped) {
    struct pollfd p[MAX_OPEN + 1] = {{.fd = STDIN_FILENO, .events = POLLIN}};
    for (int i = 0; i < MAX_OPEN; i++) p[i + 1] = (struct pollfd){.fd = devices[i].name[0] ? devices[i].fd : -1, .events = POLLIN};
    if (poll(p, MAX_OPEN + 1, -1) < 0) break;
    show_received();
    if (p[0].revents && !read_lines()) break;
    fflush(stdout);
  }
  return 0;
}

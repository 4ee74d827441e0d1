/* Glue of the calls on devices: TAP, interfaces by name, UDP. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "interface.h"
#include "shim.h"

/* --- TAP -------------------------------------------------------------------------------------------- */

static void set_property(napi_env env, napi_value object, const char *name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

static void set_int(napi_env env, napi_value object, const char *name, int32_t number) {
  napi_value value;
  napi_create_int32(env, number, &value);
  set_property(env, object, name, value);
}

static napi_value tap_info(napi_env env, const struct tap *tap) {
  napi_value info, name, fds, created;
  napi_create_object(env, &info);
  napi_create_string_utf8(env, tap->name, NAPI_AUTO_LENGTH, &name);
  napi_create_array_with_length(env, tap->queues, &fds);
  napi_get_boolean(env, tap->created, &created);
  for (uint32_t i = 0; i < tap->queues; i++) {
    napi_value fd;
    napi_create_int32(env, tap->fds[i], &fd);
    napi_set_element(env, fds, i, fd);
  }
  set_property(env, info, "name", name);
  set_property(env, info, "fds", fds);
  set_property(env, info, "created", created);
  set_int(env, info, "ifindex", tap->ifindex);
  set_int(env, info, "offloads", (int32_t)tap->offloads);
  return info;
}

static napi_value call_tap_open(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  char name_buffer[256], path[PATH_MAX];
  struct tap tap;
  const char *name = option_string(&call, 0, "name", name_buffer, sizeof name_buffer);
  const char *netns = option_string(&call, 0, "netns", path, sizeof path);
  int32_t queues = option_int(&call, 0, "queues", 1);
  bool vnet_header = option_bool(&call, 0, "vnetHeader", true);
  if (name == NULL) call_type_error(&call, "name", "a string");
  if (call.failed) return NULL;
  int result = queues < 1 ? -EINVAL : tap_open(&tap, name, netns, (uint32_t)queues, vnet_header);
  return result < 0 ? call_end(&call, result) : tap_info(env, &tap);
}

static napi_value call_tap_where(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  char name[IFNAMSIZ];
  napi_value where, text;
  int fd = call_int(&call, 0, "fd");
  int netns = call.failed ? 0 : tap_where(fd, name);
  if (call.failed || netns < 0) return call_end(&call, netns);
  napi_create_object(env, &where);
  napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &text);
  set_property(env, where, "name", text);
  set_int(env, where, "netns", netns);
  return where;
}

static napi_value call_tap_persist(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  int fd = call_int(&call, 0, "fd");
  bool on = call_bool(&call, 1, "on");
  return call_end(&call, call.failed ? 0 : tap_persist(fd, on));
}

/** Entries `first` to `first` + `max` - 1 must be in the batch and their slots in the slab. */
static bool slots_exist(const struct burst *burst, int32_t first, int32_t max) {
  return first >= 0 && max >= 0 && burst_slots(burst, (uint32_t)first, (uint32_t)max) == (uint32_t)max;
}

static bool entries_exist(const struct burst *burst, int32_t from, int32_t to) {
  return from >= 0 && from <= to && (uint32_t)to <= burst->capacity;
}

/** The thread's ring, once more than one frame may be moved; NULL where the machine has none. */
static struct ring *ring_of(struct environment *environment, int32_t frames) {
  if (frames > 1 && environment->ring == NULL && !environment->has_no_ring) {
    environment->ring = ring_open();
    environment->has_no_ring = environment->ring == NULL;
  }
  return environment->ring;
}

static napi_value call_tap_receive(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  int fd = call_int(&call, 0, "fd");
  struct burst burst = call_burst(&call, 1);
  int32_t first = call_int(&call, 3, "first"), max = call_int(&call, 4, "max");
  if (call.failed) return NULL;
  if (!slots_exist(&burst, first, max)) return call_end(&call, -EINVAL);
  struct ring *ring = ring_of(call.environment, max);
  return call_end(&call, tap_receive(ring, &burst, fd, (uint32_t)first, (uint32_t)max));
}

static napi_value call_tap_transmit(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  struct tap_scratch **scratch = &call.environment->tap;
  struct burst burst = call_burst(&call, 0);
  int32_t from = call_int(&call, 2, "from"), to = call_int(&call, 3, "to"), modes = call_int(&call, 4, "coalesce");
  if (call.failed) return NULL;
  if (!entries_exist(&burst, from, to)) return call_end(&call, -EINVAL);
  if (*scratch == NULL) *scratch = malloc(sizeof **scratch);
  if (*scratch == NULL) return call_end(&call, -ENOMEM);
  struct ring *ring = ring_of(call.environment, to - from);
  return call_end(&call, tap_transmit(*scratch, ring, &burst, (uint32_t)from, (uint32_t)to, (uint8_t)modes));
}

/* --- interfaces by name ----------------------------------------------------------------------------- */

static napi_value call_interface_set(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  char name[256], path[PATH_MAX];
  call_string(&call, 0, "name", name, sizeof name);
  struct interface_change change = {.netns = option_string(&call, 1, "netns", path, sizeof path),
                                    .mac = option_bytes(&call, 1, "mac", 6),
                                    .mtu = option_int(&call, 1, "mtu", -1),
                                    .up = option_tristate(&call, 1, "up")};
  return call_end(&call, call.failed ? 0 : interface_set(name, &change));
}

static napi_value call_interface_index(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  char name[256];
  call_string(&call, 0, "name", name, sizeof name);
  return call_end(&call, call.failed ? 0 : interface_index(name));
}

/* --- UDP -------------------------------------------------------------------------------------------- */

static enum udp_mtu_discover read_mtu_discover(struct call *call) {
  char word[16];
  const char *mode = option_string(call, 0, "mtuDiscover", word, sizeof word);
  if (mode == NULL || strcmp(mode, "dont") == 0) return UDP_MTU_DONT;
  if (strcmp(mode, "do") == 0) return UDP_MTU_DO;
  if (strcmp(mode, "probe") != 0) call_type_error(call, "mtuDiscover", "'dont', 'do' or 'probe'");
  return UDP_MTU_PROBE;
}

static napi_value call_udp_open(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  char device[64], path[PATH_MAX];
  struct udp_options options = {
      .reuse_port = option_bool(&call, 0, "reusePort", false),
      .reuse_address = option_bool(&call, 0, "reuseAddress", false),
      .receive_buffer = option_int(&call, 0, "receiveBuffer", 0),
      .send_buffer = option_int(&call, 0, "sendBuffer", 0),
      .gro = option_bool(&call, 0, "gro", false),
      .no_checksum = !option_bool(&call, 0, "checksum", true),
      .zero_checksum6_rx = option_bool(&call, 0, "zeroChecksum6Rx", false),
      .receive_tos = option_bool(&call, 0, "receiveTos", false),
      .receive_ttl = option_bool(&call, 0, "receiveTtl", false),
      .receive_local = option_bool(&call, 0, "receiveLocal", false),
      .receive_errors = option_bool(&call, 0, "receiveErrors", false),
      .mtu_discover = read_mtu_discover(&call),
      .drop_all = option_bool(&call, 0, "dropAll", false),
      .device = option_string(&call, 0, "device", device, sizeof device),
      .netns = option_string(&call, 0, "netns", path, sizeof path),
      .ttl = option_int(&call, 0, "ttl", 0),
  };
  int32_t family = option_int(&call, 0, "family", 0), port = option_int(&call, 0, "port", -1);
  options.bound = option_address(&call, 0, "address", options.address);
  if (family != 4 && family != 6) call_type_error(&call, "family", "4 or 6");
  if (call.failed) return NULL;
  if (port < 0 || port > UINT16_MAX) return call_end(&call, -EINVAL);
  options.family = family == 4 ? AF_INET : AF_INET6;
  options.port = (uint16_t)port;
  return call_end(&call, udp_open(&options));
}

static napi_value call_udp_port(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  int fd = call_int(&call, 0, "fd");
  return call_end(&call, call.failed ? 0 : udp_port(fd));
}

static napi_value membership(napi_env env, napi_callback_info info, bool join) {
  struct call call = call_begin(env, info);
  int32_t group[4];
  int fd = call_int(&call, 0, "fd"), ifindex = call_int(&call, 2, "ifindex");
  call_address(&call, 1, "group", group);
  return call_end(&call, call.failed ? 0 : udp_membership(fd, group, ifindex, join));
}

static napi_value call_udp_join(napi_env env, napi_callback_info info) { return membership(env, info, true); }

static napi_value call_udp_leave(napi_env env, napi_callback_info info) { return membership(env, info, false); }

static napi_value call_udp_receive(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  struct udp_receive_scratch **scratch = &call.environment->udp_receive;
  int fd = call_int(&call, 0, "fd");
  struct burst burst = call_burst(&call, 1);
  int32_t first = call_int(&call, 3, "first"), max = call_int(&call, 4, "max");
  if (call.failed) return NULL;
  if (!slots_exist(&burst, first, max)) return call_end(&call, -EINVAL);
  if (*scratch == NULL) *scratch = udp_receive_new();
  if (*scratch == NULL) return call_end(&call, -ENOMEM);
  return call_end(&call, udp_receive(*scratch, &burst, fd, (uint32_t)first, (uint32_t)max));
}

static napi_value call_udp_transmit(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  struct udp_transmit_scratch **scratch = &call.environment->udp_transmit;
  struct burst burst = call_burst(&call, 0);
  int32_t from = call_int(&call, 2, "from"), to = call_int(&call, 3, "to");
  if (call.failed) return NULL;
  if (!entries_exist(&burst, from, to)) return call_end(&call, -EINVAL);
  if (*scratch == NULL) *scratch = udp_transmit_new();
  if (*scratch == NULL) return call_end(&call, -ENOMEM);
  return call_end(&call, udp_transmit(*scratch, &burst, (uint32_t)from, (uint32_t)to));
}

static napi_value call_udp_errors(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  int fd = call_int(&call, 0, "fd");
  struct burst burst = call_columns(&call, 1);
  int32_t max = call_int(&call, 2, "max");
  if (call.failed) return NULL;
  return call_end(&call, max < 0 ? -EINVAL : udp_errors(fd, &burst, (uint32_t)max));
}

const struct shim_call shim_device_calls[] = {
    {"tapOpen", call_tap_open},
    {"tapPersist", call_tap_persist},
    {"tapWhere", call_tap_where},
    {"tapReceive", call_tap_receive},
    {"tapTransmit", call_tap_transmit},
    {"interfaceSet", call_interface_set},
    {"interfaceIndex", call_interface_index},
    {"udpOpen", call_udp_open},
    {"udpPort", call_udp_port},
    {"udpJoin", call_udp_join},
    {"udpLeave", call_udp_leave},
    {"udpReceive", call_udp_receive},
    {"udpTransmit", call_udp_transmit},
    {"udpErrors", call_udp_errors},
    {NULL, NULL},
};

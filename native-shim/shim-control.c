/* Glue of the calls that move no frames: waiting, memory, rtnetlink, namespaces, and the dry runs. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "arguments.h"
#include "checksum.h"
#include "descriptor.h"
#include "memory.h"
#include "namespace.h"
#include "netlink.h"
#include "poll.h"
#include "shim.h"

/* --- waiting ---------------------------------------------------------------------------------------- */

static napi_value call_poller_open(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  return call_end(&call, poll_open());
}

static napi_value call_poller_add(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  int poller = call_int(&call, 0, "poller"), fd = call_int(&call, 1, "fd"), token = call_int(&call, 2, "token");
  return call_end(&call, call.failed ? 0 : poll_add(poller, fd, token));
}

static napi_value call_poller_remove(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  int poller = call_int(&call, 0, "poller"), fd = call_int(&call, 1, "fd");
  return call_end(&call, call.failed ? 0 : poll_remove(poller, fd));
}

static napi_value call_wait(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  size_t room;
  int poller = call_int(&call, 0, "poller");
  int32_t *ready = call_words(&call, 1, "ready", &room);
  int64_t timeout = call_int64(&call, 2, "timeout"), spin = call_int64(&call, 3, "spin");
  if (call.failed) return NULL;
  if (room == 0) return call_end(&call, -EINVAL);
  return call_end(&call, poll_wait(poller, ready, room > INT32_MAX ? INT32_MAX : (uint32_t)room, timeout, spin));
}

static napi_value call_give_way(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  return call_end(&call, poll_give_way());
}

static napi_value call_waker_open(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  return call_end(&call, poll_waker());
}

static napi_value call_wake(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  int waker = call_int(&call, 0, "waker");
  return call_end(&call, call.failed ? 0 : poll_wake(waker));
}

/** What is remembered of the descriptor goes first: once closed, its number may be another thread's. */
static napi_value call_close(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  int fd = call_int(&call, 0, "fd");
  if (call.failed) return NULL;
  descriptor_set(fd, 0);
  return call_end(&call, close(fd) < 0 && errno != EINTR ? -errno : 0);
}

static napi_value call_watch(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  napi_valuetype type = napi_undefined;
  int fd = call_int(&call, 0, "fd");
  bool ref = call_bool(&call, 2, "ref");
  napi_typeof(env, call.values[1], &type);
  if (type != napi_function) call_type_error(&call, "readable", "a function");
  if (call.failed) return NULL;
  return call_end(&call, watch_add(env, &call.environment->watches, fd, call.values[1], ref));
}

static napi_value call_unwatch(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  int watcher = call_int(&call, 0, "watcher");
  return call_end(&call, call.failed ? 0 : watch_remove(env, call.environment->watches, watcher));
}

/* --- memory ----------------------------------------------------------------------------------------- */

static napi_value call_advise_huge(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  size_t length;
  uint8_t *bytes = call_bytes(&call, 0, "bytes", &length);
  return call_end(&call, call.failed ? 0 : memory_advise_huge(bytes, length));
}

/* --- rtnetlink and namespaces ----------------------------------------------------------------------- */

#define GROUPS 32

/** Reads the array of group numbers at argument `index`. */
static uint32_t read_groups(struct call *call, int index, uint32_t groups[GROUPS]) {
  bool array = false;
  uint32_t count = 0;
  napi_is_array(call->env, call->values[index], &array);
  if (array) napi_get_array_length(call->env, call->values[index], &count);
  if (!array || count > GROUPS) {
    call_type_error(call, "groups", "an array of at most 32 numbers");
    return 0;
  }
  for (uint32_t i = 0; i < count; i++) {
    napi_value element = NULL;
    if (napi_get_element(call->env, call->values[index], i, &element) != napi_ok ||
        napi_get_value_uint32(call->env, element, &groups[i]) != napi_ok) {
      call_type_error(call, "groups", "an array of at most 32 numbers");
    }
  }
  return count;
}

static napi_value call_netlink_open(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  napi_valuetype type = napi_undefined;
  uint32_t groups[GROUPS];
  char path[PATH_MAX];
  uint32_t count = read_groups(&call, 0, groups);
  napi_typeof(env, call.values[1], &type);
  if (type != napi_undefined) call_string(&call, 1, "netns", path, sizeof path);
  return call_end(&call, call.failed ? 0 : netlink_open(groups, count, type == napi_undefined ? NULL : path));
}

static napi_value call_netlink_send(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  size_t length;
  int fd = call_int(&call, 0, "fd");
  const uint8_t *message = call_bytes(&call, 1, "message", &length);
  int group = call_int(&call, 2, "group");
  if (call.failed) return NULL;
  if (group < 0 || length > INT32_MAX) return call_end(&call, -EINVAL);
  return call_end(&call, netlink_send(fd, message, (uint32_t)length, (uint32_t)group));
}

static napi_value call_netlink_receive(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  size_t length;
  int fd = call_int(&call, 0, "fd");
  uint8_t *buffer = call_bytes(&call, 1, "buffer", &length);
  if (call.failed) return NULL;
  return call_end(&call, netlink_receive(fd, buffer, length > INT32_MAX ? INT32_MAX : (uint32_t)length));
}

static napi_value call_set_namespace(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  char path[PATH_MAX];
  call_string(&call, 0, "path", path, sizeof path);
  return call_end(&call, call.failed ? 0 : namespace_set(path));
}

/* --- pure functions --------------------------------------------------------------------------------- */

static struct dry_output read_output(struct call *call, int index) {
  struct dry_output output = {.bytes = NULL};
  size_t size, room;
  output.bytes = call_bytes(call, index, "out", &size);
  output.lengths = call_words(call, index + 1, "lengths", &room);
  output.size = size;
  output.room = room > INT32_MAX ? INT32_MAX : (uint32_t)room;
  return output;
}

static bool prepare(struct environment *environment) {
  if (environment->tap == NULL) environment->tap = malloc(sizeof *environment->tap);
  return environment->tap != NULL;
}

static napi_value call_segment(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  struct burst burst = call_burst(&call, 0);
  int32_t index = call_int(&call, 2, "index");
  struct dry_output output = read_output(&call, 3);
  if (call.failed) return NULL;
  if (index < 0 || (uint32_t)index >= burst.capacity) return call_end(&call, -EINVAL);
  if (!prepare(call.environment)) return call_end(&call, -ENOMEM);
  return call_end(&call, dry_segment(call.environment->tap, &burst, (uint32_t)index, &output));
}

static napi_value call_coalesce(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  struct burst burst = call_burst(&call, 0);
  int32_t from = call_int(&call, 2, "from"), to = call_int(&call, 3, "to"), modes = call_int(&call, 4, "coalesce");
  struct dry_output output = read_output(&call, 5);
  if (call.failed) return NULL;
  if (from < 0 || from > to || (uint32_t)to > burst.capacity) return call_end(&call, -EINVAL);
  if (!prepare(call.environment)) return call_end(&call, -ENOMEM);
  return call_end(
      &call, dry_coalesce(call.environment->tap, &burst, (uint32_t)from, (uint32_t)to, (uint8_t)modes, &output));
}

/** The sum is kept in memory order (checksum.h); the caller gets the number it would read big-endian. */
static napi_value call_checksum(napi_env env, napi_callback_info info) {
  struct call call = call_begin(env, info);
  size_t size;
  const uint8_t *bytes = call_bytes(&call, 0, "bytes", &size);
  int32_t offset = call_int(&call, 1, "offset"), length = call_int(&call, 2, "length");
  if (call.failed) return NULL;
  if (offset < 0 || length < 0 || (uint64_t)offset + (uint64_t)length > size) return call_end(&call, -EFAULT);
  return call_end(&call, ntohs(checksum_fold(checksum_add(bytes + offset, (size_t)length, 0))));
}

const struct shim_call shim_control_calls[] = {
    {"pollerOpen", call_poller_open},
    {"pollerAdd", call_poller_add},
    {"pollerRemove", call_poller_remove},
    {"wait", call_wait},
    {"giveWay", call_give_way},
    {"wakerOpen", call_waker_open},
    {"wake", call_wake},
    {"close", call_close},
    {"watch", call_watch},
    {"unwatch", call_unwatch},
    {"adviseHuge", call_advise_huge},
    {"netlinkOpen", call_netlink_open},
    {"netlinkSend", call_netlink_send},
    {"netlinkReceive", call_netlink_receive},
    {"setNamespace", call_set_namespace},
    {"segment", call_segment},
    {"coalesce", call_coalesce},
    {"checksum", call_checksum},
    {NULL, NULL},
};

#include "arguments.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct call call_begin(napi_env env, napi_callback_info info) {
  struct call call = {.env = env};
  size_t count = ARGUMENTS;
  void *environment = NULL;
  napi_get_cb_info(env, info, &count, call.values, NULL, NULL); /* those not given become undefined */
  napi_get_instance_data(env, &environment);
  call.environment = environment;
  return call;
}

napi_value call_end(const struct call *call, int result) {
  napi_value value = NULL;
  if (!call->failed) napi_create_int32(call->env, result, &value);
  return value;
}

void call_type_error(struct call *call, const char *name, const char *expected) {
  char message[160];
  if (call->failed) return;
  call->failed = true;
  snprintf(message, sizeof message, "%s: expected %s", name, expected);
  napi_throw_type_error(call->env, "ERR_INVALID_ARG_TYPE", message);
}

/* --- values ----------------------------------------------------------------------------------------- */

/** Integers only: napi_get_value_int32 would turn NaN into 0, which is a descriptor. */
static int64_t read_integer(struct call *call, napi_value value, const char *name, double low, double high) {
  double number;
  if (napi_get_value_double(call->env, value, &number) == napi_ok && number >= low && number <= high &&
      number == trunc(number)) {
    return (int64_t)number;
  }
  call_type_error(call, name, high > INT32_MAX ? "an integer" : "a 32-bit integer");
  return 0;
}

static int32_t read_int(struct call *call, napi_value value, const char *name) {
  return (int32_t)read_integer(call, value, name, INT32_MIN, INT32_MAX);
}

static bool read_bool(struct call *call, napi_value value, const char *name) {
  bool result = false;
  if (napi_get_value_bool(call->env, value, &result) != napi_ok) call_type_error(call, name, "a boolean");
  return result;
}

/** Strings are names and paths: one with a NUL in it is neither. */
static void read_string(struct call *call, napi_value value, const char *name, char *buffer, size_t size) {
  size_t length = 0, copied = 0;
  buffer[0] = '\0';
  if (napi_get_value_string_utf8(call->env, value, NULL, 0, &length) != napi_ok || length >= size) {
    call_type_error(call, name, "a string of a name's or path's length");
    return;
  }
  napi_get_value_string_utf8(call->env, value, buffer, size, &copied);
  if (strlen(buffer) != copied) call_type_error(call, name, "a string without NUL");
}

static void *read_array(struct call *call, napi_value value, const char *name, napi_typedarray_type type,
                        size_t *length) {
  napi_typedarray_type actual;
  void *data = NULL;
  *length = 0;
  if (napi_get_typedarray_info(call->env, value, &actual, length, &data, NULL, NULL) == napi_ok && actual == type) {
    return data;
  }
  *length = 0;
  call_type_error(call, name, type == napi_uint8_array ? "a Uint8Array" : "an Int32Array");
  return NULL;
}

static void read_address(struct call *call, napi_value value, const char *name, int32_t words[4]) {
  size_t length;
  const int32_t *data = read_array(call, value, name, napi_int32_array, &length);
  if (call->failed) return;
  if (length == 4) memcpy(words, data, 4 * sizeof *words);
  else call_type_error(call, name, "an Int32Array of four words");
}

/* --- arguments -------------------------------------------------------------------------------------- */

int32_t call_int(struct call *call, int index, const char *name) { return read_int(call, call->values[index], name); }

int64_t call_int64(struct call *call, int index, const char *name) {
  return read_integer(call, call->values[index], name, -9007199254740991.0, 9007199254740991.0);
}

bool call_bool(struct call *call, int index, const char *name) { return read_bool(call, call->values[index], name); }

void call_address(struct call *call, int index, const char *name, int32_t words[4]) {
  memset(words, 0, 4 * sizeof *words);
  read_address(call, call->values[index], name, words);
}

uint8_t *call_bytes(struct call *call, int index, const char *name, size_t *length) {
  return read_array(call, call->values[index], name, napi_uint8_array, length);
}

int32_t *call_words(struct call *call, int index, const char *name, size_t *length) {
  return read_array(call, call->values[index], name, napi_int32_array, length);
}

void call_string(struct call *call, int index, const char *name, char *buffer, size_t size) {
  read_string(call, call->values[index], name, buffer, size);
}

struct burst call_columns(struct call *call, int index) {
  struct burst burst = {.bytes = NULL};
  size_t words;
  burst.words = call_words(call, index, "words", &words);
  if (words == 0 || words % COLUMNS != 0 || words / COLUMNS > UINT16_MAX + 1u) {
    call_type_error(call, "words", "an Int32Array of COLUMNS * capacity elements");
  }
  burst.capacity = (uint32_t)(words / COLUMNS);
  return burst;
}

struct burst call_burst(struct call *call, int index) {
  size_t size;
  uint8_t *bytes = call_bytes(call, index, "bytes", &size);
  struct burst burst = call_columns(call, index + 1);
  burst.bytes = bytes;
  burst.size = size > INT32_MAX ? INT32_MAX : size; /* offsets are 32-bit and signed */
  return burst;
}

/* --- options ---------------------------------------------------------------------------------------- */

/** A property that is there and not undefined. */
static bool find_option(struct call *call, int index, const char *name, napi_value *value) {
  napi_valuetype type = napi_undefined;
  if (call->failed) return false;
  napi_typeof(call->env, call->values[index], &type);
  if (type != napi_object) {
    call_type_error(call, "options", "an object");
    return false;
  }
  if (napi_get_named_property(call->env, call->values[index], name, value) != napi_ok) {
    call->failed = true; /* a getter threw */
    return false;
  }
  napi_typeof(call->env, *value, &type);
  return type != napi_undefined;
}

bool option_bool(struct call *call, int index, const char *name, bool fallback) {
  napi_value value;
  return find_option(call, index, name, &value) ? read_bool(call, value, name) : fallback;
}

int option_tristate(struct call *call, int index, const char *name) {
  napi_value value;
  return find_option(call, index, name, &value) ? read_bool(call, value, name) : -1;
}

int32_t option_int(struct call *call, int index, const char *name, int32_t fallback) {
  napi_value value;
  return find_option(call, index, name, &value) ? read_int(call, value, name) : fallback;
}

const char *option_string(struct call *call, int index, const char *name, char *buffer, size_t size) {
  napi_value value;
  if (!find_option(call, index, name, &value)) return NULL;
  read_string(call, value, name, buffer, size);
  return buffer;
}

bool option_address(struct call *call, int index, const char *name, int32_t words[4]) {
  napi_value value;
  if (!find_option(call, index, name, &value)) return false;
  read_address(call, value, name, words);
  return true;
}

const uint8_t *option_bytes(struct call *call, int index, const char *name, size_t length) {
  napi_value value;
  size_t actual;
  if (!find_option(call, index, name, &value)) return NULL;
  const uint8_t *bytes = read_array(call, value, name, napi_uint8_array, &actual);
  if (!call->failed && actual != length) call_type_error(call, name, "a Uint8Array of six octets");
  return bytes;
}

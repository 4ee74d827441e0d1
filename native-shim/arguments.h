/*
 * Arguments of a call from JavaScript. A value of the wrong type throws a TypeError that names it, once; the call then
 * returns without having done anything. Pointers into typed arrays are valid until the call returns: JavaScript does
 * not run meanwhile, and the arguments keep the buffers alive.
 */
#ifndef VTEP_ARGUMENTS_H
#define VTEP_ARGUMENTS_H

#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>

#include "burst.h"
#include "dry-run.h"
#include "tap.h"
#include "udp.h"
#include "watch.h"

#define ARGUMENTS 8

/** What one environment (main thread or worker) keeps between calls; made at first use. */
struct environment {
  struct ring *ring; /* NULL: not needed yet, or has_no_ring */
  bool has_no_ring;
  struct tap_scratch *tap;
  struct udp_receive_scratch *udp_receive;
  struct udp_transmit_scratch *udp_transmit;
  struct watch_set *watches;
};

struct call {
  napi_env env;
  napi_value values[ARGUMENTS];
  struct environment *environment;
  bool failed; /* an exception is pending */
};

/** call_begin() - The arguments of a call. */
struct call call_begin(napi_env env, napi_callback_info info);

/** call_end() - `result` as a number, or NULL when the call failed. */
napi_value call_end(const struct call *call, int result);

/** call_type_error() - Throws TypeError "<name>: expected <expected>". */
void call_type_error(struct call *call, const char *name, const char *expected);

/* One argument each, by position; 0, false or NULL after a failure. */
int32_t call_int(struct call *call, int index, const char *name);
int64_t call_int64(struct call *call, int index, const char *name);
bool call_bool(struct call *call, int index, const char *name);
/** Four words of an address. */
void call_address(struct call *call, int index, const char *name, int32_t words[4]);
uint8_t *call_bytes(struct call *call, int index, const char *name, size_t *length);
int32_t *call_words(struct call *call, int index, const char *name, size_t *length);
/** A string of at most size - 1 octets. */
void call_string(struct call *call, int index, const char *name, char *buffer, size_t size);
/** A slab at `index` and the columns at `index` + 1. */
struct burst call_burst(struct call *call, int index);
/** The columns alone, at `index`. */
struct burst call_columns(struct call *call, int index);

/* Properties of the options object at argument `index`; absent or undefined gives `fallback` or NULL. */
bool option_bool(struct call *call, int index, const char *name, bool fallback);
/** 1, 0, or -1 where absent. */
int option_tristate(struct call *call, int index, const char *name);
int32_t option_int(struct call *call, int index, const char *name, int32_t fallback);
const char *option_string(struct call *call, int index, const char *name, char *buffer, size_t size);
bool option_address(struct call *call, int index, const char *name, int32_t words[4]);
const uint8_t *option_bytes(struct call *call, int index, const char *name, size_t length);

#endif

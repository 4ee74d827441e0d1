/* The calls of lib/native/shim.ts, grouped as there; shim.c registers the tables. */
#ifndef VTEP_SHIM_H
#define VTEP_SHIM_H

#include <node_api.h>

/** Version of the call list; SHIM_VERSION of lib/native/shim.ts must be the same. */
#define SHIM_VERSION 5

struct shim_call {
  const char *name; /* NULL ends a table */
  napi_callback call;
};

extern const struct shim_call shim_device_calls[];  /* TAP, interfaces, UDP */
extern const struct shim_call shim_control_calls[]; /* waiting, memory, rtnetlink, namespaces, pure functions */

#endif

/*
 * The module: one environment, one table of calls. Loaded by every thread that needs it; what calls keep between
 * each other hangs on the environment, so threads share nothing but descriptors (descriptor.h).
 */
#include "shim.h"

#include <stdlib.h>

#include "arguments.h"

static void free_environment(napi_env env, void *data, void *hint) {
  struct environment *environment = data;
  (void)env, (void)hint;
  ring_close(environment->ring);
  free(environment->tap);
  udp_receive_free(environment->udp_receive);
  udp_transmit_free(environment->udp_transmit);
  free(environment);
}

static napi_status define(napi_env env, napi_value exports, const struct shim_call *calls) {
  for (; calls->name != NULL; calls++) {
    napi_value function;
    napi_status status = napi_create_function(env, calls->name, NAPI_AUTO_LENGTH, calls->call, NULL, &function);
    if (status == napi_ok) status = napi_set_named_property(env, exports, calls->name, function);
    if (status != napi_ok) return status;
  }
  return napi_ok;
}

NAPI_MODULE_INIT() {
  napi_value version;
  struct environment *environment = calloc(1, sizeof *environment);
  if (environment == NULL || napi_set_instance_data(env, environment, free_environment, NULL) != napi_ok) {
    free(environment);
    napi_throw_error(env, NULL, "no memory for the environment of native-shim");
    return NULL;
  }
  napi_create_int32(env, SHIM_VERSION, &version);
  napi_set_named_property(env, exports, "version", version);
  define(env, exports, shim_device_calls);
  define(env, exports, shim_control_calls);
  return exports;
}

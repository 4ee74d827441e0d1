/*
 * vtep-features: offload features of an interface, by the names `ethtool -k` uses, without ethtool.
 *
 *   vtep-features INTERFACE                      prints {"name": "on|off|on [fixed]|off [fixed]", ...}
 *   vtep-features INTERFACE NAME on|off ...      changes them; a feature that cannot change is exit 1
 */
#include "tool.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>

static int control;
static const char *interface;

static void ethtool(void *command, const char *what) {
  struct ifreq request = {.ifr_data = command};
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
  if (ioctl(control, SIOCETHTOOL, &request) < 0) fail(what);
}

/* The kernel's list of feature names: bit i of the feature words is strings->data[i]. */
static struct ethtool_gstrings *feature_names(void) {
  struct {
    struct ethtool_sset_info head;
    uint32_t count;
  } sets = {.head = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ull << ETH_SS_FEATURES}};
  ethtool(&sets, "ETHTOOL_GSSET_INFO");
  uint32_t count = sets.count;
  struct ethtool_gstrings *names = calloc(1, sizeof *names + (size_t)count * ETH_GSTRING_LEN);
  if (!names) fail("calloc");
  names->cmd = ETHTOOL_GSTRINGS;
  names->string_set = ETH_SS_FEATURES;
  names->len = count;
  ethtool(names, "ETHTOOL_GSTRINGS");
  return names;
}

static const char *name_at(const struct ethtool_gstrings *names, uint32_t bit) {
  return (const char *)names->data + (size_t)bit * ETH_GSTRING_LEN;
}

static struct ethtool_gfeatures *feature_words(uint32_t words) {
  struct ethtool_gfeatures *state = calloc(1, sizeof *state + words * sizeof state->features[0]);
  if (!state) fail("calloc");
  state->cmd = ETHTOOL_GFEATURES;
  state->size = words;
  ethtool(state, "ETHTOOL_GFEATURES");
  return state;
}

static void print_features(const struct ethtool_gstrings *names, uint32_t words) {
  struct ethtool_gfeatures *state = feature_words(words);
  const char *separator = "{";
  for (uint32_t i = 0; i < names->len; i++) {
    const struct ethtool_get_features_block *block = &state->features[i / 32];
    uint32_t bit = 1u << (i % 32);
    bool fixed = (block->never_changed & bit) || !(block->available & bit);
    if (!*name_at(names, i)) continue;
    printf("%s\"%.32s\":\"%s%s\"", separator, name_at(names, i), block->active & bit ? "on" : "off", fixed ? " [fixed]" : "");
    separator = ",";
  }
  printf("}\n");
  free(state);
}

static uint32_t bit_named(const struct ethtool_gstrings *names, const char *name) {
  for (uint32_t i = 0; i < names->len; i++)
    if (strncmp(name_at(names, i), name, ETH_GSTRING_LEN) == 0) return i;
  fprintf(stderr, "vtep-features: this kernel has no feature %s\n", name);
  exit(1);
}

int main(int argc, char **argv) {
  if (argc < 2 || argc % 2 != 0) usage("usage: vtep-features INTERFACE [NAME on|off]...\n");
  interface = argv[1];
  control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (control < 0) fail("socket");
  struct ethtool_gstrings *names = feature_names();
  uint32_t words = (names->len + 31) / 32;
  if (argc == 2) {
    print_features(names, words);
    free(names);
    return 0;
  }
  struct ethtool_sfeatures *change = calloc(1, sizeof *change + words * sizeof change->features[0]);
  if (!change) fail("calloc");
  change->cmd = ETHTOOL_SFEATURES;
  change->size = words;
  for (int i = 2; i < argc; i += 2) {
    uint32_t at = bit_named(names, argv[i]), bit = 1u << (at % 32);
    bool on = strcmp(argv[i + 1], "on") == 0;
    if (!on && strcmp(argv[i + 1], "off") != 0) usage("vtep-features: %s: expected on or off\n", argv[i + 1]);
    change->features[at / 32].valid |= bit;
    if (on) change->features[at / 32].requested |= bit;
  }
  ethtool(change, "ETHTOOL_SFEATURES");
  struct ethtool_gfeatures *state = feature_words(words);
  for (uint32_t w = 0; w < words; w++) {
    uint32_t wrong = (state->features[w].active ^ change->features[w].requested) & change->features[w].valid;
    if (wrong) {
      fprintf(stderr, "vtep-features: %s does not change %.32s\n", interface, name_at(names, w * 32 + (uint32_t)__builtin_ctz(wrong)));
      return 1;
    }
  }
  free(state);
  free(change);
  free(names);
  return 0;
}

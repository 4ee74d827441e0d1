/* Frames that arrive unfinished or whole from a kernel peer on the same host, and frames with an offload request. */
#include "coalesce-burst.h"

/* flannel.md, section 8: a kernel vxlan peer over veth. */
static void unfinished_checksums_are_announced(void) {
  for (int bits = 0; bits < 16; bits++) {
    struct shape shape = frame_defaults();
    shape.version = bits & 1 ? 6 : 4;
    shape.protocol = bits & 2 ? 17 : 6;
    shape.tagged = (uint8_t)((bits & 4 ? 1 : 0) + (bits & 8 ? 1 : 0));
    shape.unfinished = 1;
    arrive(&shape);
    EQUAL(coalesce(), 1);
    EQUAL(item(0)->vnet[0], VNET_NEEDS_CSUM);
    EQUAL(item(0)->vnet[1], VNET_GSO_NONE);
    EQUAL(vnet16(item(0), 4), 0);
    EQUAL(vnet16(item(0), 6), layouts[0].transport);
    EQUAL(vnet16(item(0), 8), shape.protocol == 6 ? 16 : 6);
    EXPECT(item(0)->header == arrivals[0].frame);
    uint8_t vnet[VNET_BYTES];
    coalesce_alone(&arrivals[0], vnet);
    SAME_OCTETS(vnet, item(0)->vnet, VNET_BYTES);
    clear();
  }
}

static void super_frames_get_the_mtu_s_gso_size(void) {
  for (int bits = 0; bits < 16; bits++) {
    struct shape shape = frame_defaults();
    shape.version = bits & 1 ? 6 : 4;
    shape.tagged = (uint8_t)((bits & 2 ? 1 : 0) + (bits & 8 ? 1 : 0));
    shape.unfinished = bits & 4 ? 1 : 0;
    shape.payload = 60000;
    arrive(&shape);
    arrivals[0].mtu = 1450;
    EQUAL(coalesce(), 1);
    EQUAL(item(0)->vnet[0], shape.unfinished ? VNET_NEEDS_CSUM : 0);
    EQUAL(item(0)->vnet[1], shape.version == 4 ? VNET_GSO_TCPV4 : VNET_GSO_TCPV6);
    EQUAL(vnet16(item(0), 4), 1450 - (shape.version == 4 ? 20 : 40) - 32);
    EQUAL(vnet16(item(0), 2), layouts[0].payload);
    EXPECT(item(0)->header == arrivals[0].frame);
    clear();
  }
}

/* The MTU itself is not larger than the MTU, tagged or not; one octet more is. */
static void exactly_the_mtu(void) {
  for (int tagged = 0; tagged < 3; tagged++) {
    struct shape shape = frame_defaults();
    shape.tagged = (uint8_t)tagged;
    shape.unfinished = 1;
    shape.payload = 1500 - 52;
    arrive(&shape);
    shape.payload++;
    arrive(&shape);
    arrive(&shape);
    arrivals[2].mtu = 0; /* not known */
    coalesce();
    EQUAL(item(0)->vnet[1], VNET_GSO_NONE);
    EQUAL(item(1)->vnet[1], VNET_GSO_TCPV4);
    EQUAL(item(2)->vnet[1], VNET_GSO_NONE);
    clear();
  }
}

/* Not verified, hence nothing that would have somebody finish it into a right one. */
static void a_wrong_super_frame_is_not_announced(void) {
  struct shape shape = frame_defaults();
  shape.payload = 9000;
  arrive(&shape)[200] ^= 1;
  EQUAL(coalesce(), 1);
  EXPECT(is_silent(item(0)));
  clear();
}

static void a_large_udp_datagram_stays_one(void) {
  struct shape shape = frame_defaults();
  shape.protocol = 17;
  shape.payload = 30000;
  shape.unfinished = 1;
  arrive(&shape);
  EQUAL(coalesce(), 1);
  EQUAL(item(0)->vnet[0], VNET_NEEDS_CSUM);
  EQUAL(item(0)->vnet[1], VNET_GSO_NONE);
  clear();
}

static void a_super_frame_closes_its_flow(void) {
  struct shape shape = frame_defaults();
  arrive(&shape), follow(&shape);
  struct shape super = shape;
  super.payload = 3000;
  arrive(&super), follow(&super);
  shape.sequence = super.sequence;
  shape.id = super.id;
  arrive(&shape);
  EQUAL(coalesce(), 3);
  clear();
}

/* SYN with that much data is nobody's super-frame. */
static void a_large_syn_is_not_cut(void) {
  struct shape shape = frame_defaults();
  shape.payload = 3000;
  shape.flags = TCP_SYN;
  arrive(&shape);
  EQUAL(coalesce(), 1);
  EXPECT(is_silent(item(0)));
  clear();
}

/* From another TAP: what it said is handed on when the headers bear it out, else nothing is said. */
static void a_request_is_handed_on(void) {
  struct shape shape = frame_defaults();
  shape.unfinished = 1;
  shape.payload = 5000;
  arrive(&shape);
  const struct offload good = {VNET_NEEDS_CSUM | 2, VNET_GSO_TCPV4, 1000, 34, 16};
  arrivals[0].offload = good;
  EQUAL(coalesce(), 1);
  EQUAL(item(0)->vnet[0], VNET_NEEDS_CSUM);
  EQUAL(item(0)->vnet[1], VNET_GSO_TCPV4);
  EQUAL(vnet16(item(0), 2), 66);
  EQUAL(vnet16(item(0), 4), 1000);
  EQUAL(vnet16(item(0), 6), 34);
  EQUAL(vnet16(item(0), 8), 16);
  arrivals[0].offload.gso_type = VNET_GSO_UDP_L4;
  coalesce();
  EXPECT(is_silent(item(0)));
  arrivals[0].offload = (struct offload){VNET_NEEDS_CSUM, 0, 0, 60000, 16};
  coalesce();
  EXPECT(is_silent(item(0)));
  arrivals[0].offload = (struct offload){VNET_NEEDS_CSUM, 0, 0, 34, 16};
  coalesce();
  EQUAL(item(0)->vnet[0], VNET_NEEDS_CSUM);
  clear();
  shape.payload = 100; /* and it is written by itself */
  for (int i = 0; i < 2; i++) {
    arrive(&shape), follow(&shape);
    arrivals[i].offload = (struct offload){VNET_NEEDS_CSUM, 0, 0, 34, 16};
  }
  EQUAL(coalesce(), 2);
  clear();
}

void super_frame_tests(void);

void super_frame_tests(void) {
  TEST(unfinished_checksums_are_announced);
  TEST(super_frames_get_the_mtu_s_gso_size);
  TEST(exactly_the_mtu);
  TEST(a_wrong_super_frame_is_not_announced);
  TEST(a_large_udp_datagram_stays_one);
  TEST(a_super_frame_closes_its_flow);
  TEST(a_large_syn_is_not_cut);
  TEST(a_request_is_handed_on);
}

#include "coalesce-burst.h"

/* Two frames: do they join? */
static int joins(const struct shape *first, const struct shape *second) {
  arrive(first);
  arrive(second);
  uint32_t items = coalesce();
  clear();
  return items == 1;
}

/* Joins `frames` frames of one flow and compares with the super-frame built in one piece. */
static void check_joined(struct shape shape, uint32_t frames, uint32_t tail) {
  static uint8_t whole[70000];
  struct shape super = shape;
  uint32_t size = shape.payload;
  super.payload = size * (frames - 1) + tail;
  super.unfinished = 1;
  for (uint32_t i = 0; i < frames; i++) {
    if (i + 1 == frames) {
      shape.payload = tail;
      if (shape.protocol == 6) shape.flags |= TCP_PSH;
    }
    arrive(&shape);
    follow(&shape);
  }
  if (shape.protocol == 6) super.flags |= TCP_PSH;
  struct layout layout = frame_build(whole, &super);
  EQUAL(coalesce(), 1);
  EQUAL(item(0)->count, frames);
  EQUAL(item(0)->queue, 7);
  EQUAL(write_out(0), layout.length);
  SAME_OCTETS(written, whole, layout.length);
  EQUAL(item(0)->vnet[0], VNET_NEEDS_CSUM);
  EQUAL(item(0)->vnet[1], super.protocol == 17 ? VNET_GSO_UDP_L4 : super.version == 4 ? VNET_GSO_TCPV4 : VNET_GSO_TCPV6);
  EQUAL(vnet16(item(0), 2), layout.payload);
  EQUAL(vnet16(item(0), 4), size);
  EQUAL(vnet16(item(0), 6), layout.transport);
  EQUAL(vnet16(item(0), 8), layout.check - layout.transport);
  uint32_t at = item(0)->first;
  for (uint32_t i = 0; i < frames && at != COALESCE_END; i++, at = coalescer.next[at]) EQUAL(at, i);
  EQUAL(at, COALESCE_END);
  clear();
}

static void every_kind_of_flow(void) {
  for (int bits = 0; bits < 32; bits++) {
    struct shape shape = frame_defaults();
    shape.version = bits & 1 ? 6 : 4;
    shape.protocol = bits & 2 ? 17 : 6;
    shape.tagged = (uint8_t)((bits & 4 ? 1 : 0) + (bits & 16 ? 1 : 0));
    shape.unfinished = bits & 8 ? 1 : 0;
    shape.payload = 1001;
    check_joined(shape, 2, 1001);
    check_joined(shape, 20, 1);
    check_joined(shape, 64, 500);
  }
}

static void a_frame_alone_is_written_in_place(void) {
  struct shape shape = frame_defaults();
  const uint8_t *frame = arrive(&shape);
  EQUAL(coalesce(), 1);
  EXPECT(is_silent(item(0)));
  EQUAL(coalesce_iovecs(&coalescer, arrivals, item(0), iovecs), 2);
  EXPECT(iovecs[1].iov_base == frame);
  EQUAL(iovecs[1].iov_len, layouts[0].length);
  clear();
}

/* a0 b0 a1 x a2 b1: two flows between others, in order of their first frames. */
static void flows_are_told_apart(void) {
  struct shape a = frame_defaults(), b = frame_defaults(), x = frame_defaults();
  b.source_port++;
  b.protocol = 17;
  x.protocol = 17;
  x.source_port += 2;
  arrive(&a), follow(&a);
  arrive(&b), follow(&b);
  arrive(&a), follow(&a);
  arrive(&x);
  arrive(&a);
  arrive(&b);
  EQUAL(coalesce(), 3);
  EQUAL(item(0)->first, 0);
  EQUAL(item(0)->count, 3);
  EQUAL(item(1)->first, 1);
  EQUAL(item(1)->count, 2);
  EQUAL(item(2)->first, 3);
  EXPECT(is_silent(item(2)));
  clear();
}

static void queues_and_modes_are_kept_apart(void) {
  struct shape shape = frame_defaults();
  arrive(&shape), follow(&shape);
  arrive(&shape);
  arrivals[1].queue = 8;
  EQUAL(coalesce(), 2);
  arrivals[1].queue = 7;
  EQUAL(coalesce(), 1);
  arrivals[0].modes = arrivals[1].modes = COALESCE_UDP;
  EQUAL(coalesce(), 2);
  clear();
}

/* Whatever differs in a header keeps two frames apart. */
static void every_difference_keeps_apart(void) {
  for (int version = 4; version <= 6; version += 2) {
    struct shape first = frame_defaults();
    first.version = (uint8_t)version;
    struct shape next = first;
    follow(&next);
    EXPECT(joins(&first, &next));
    struct shape other;
#define APART(change)                \
  do {                               \
    other = next;                    \
    other.change;                    \
    EXPECT(!joins(&first, &other));  \
  } while (0)
    APART(tos = 4);
    APART(tos = 3); /* congestion experienced must not be lost */
    APART(ttl = 63);
    APART(sequence++);
    APART(sequence--);
    APART(acknowledgement++);
    APART(window++);
    APART(option_length = 16);
    APART(source_port++);
    APART(tagged = 1);
    APART(tagged = 2);
    APART(ip_options = 8);
    APART(payload = 0);
    APART(payload = 101);
    APART(flags = TCP_ACK | TCP_ECE);
    APART(flags = TCP_ACK | TCP_CWR);
    APART(flags = TCP_ACK | TCP_FIN);
    APART(flags = TCP_ACK | TCP_RST);
    APART(flags = TCP_ACK | TCP_SYN);
    APART(flags = TCP_ACK | TCP_URG);
    APART(flags = 0);
    if (version == 4) APART(df = 0);
    other = next;
    other.payload = 50;
    EXPECT(joins(&first, &other));
    other.flags |= TCP_PSH;
    EXPECT(joins(&first, &other));
  }
}

static void ethernet_and_reserved_and_option_octets_count(void) {
  static const uint32_t places[] = {0, 11, 14 + 20 + 12, 14 + 20 + 18, 14 + 20 + 20, 14 + 20 + 31};
  for (int i = 0; i < 6; i++) {
    struct shape shape = frame_defaults();
    arrive(&shape), follow(&shape);
    shape.unfinished = 1; /* so that the change does not make the checksum wrong */
    uint8_t *second = arrive(&shape);
    EQUAL(coalesce(), 1);
    second[places[i]] ^= 4;
    EQUAL(coalesce(), 2);
    clear();
  }
}

/* ids: counting, or all equal with DF; nothing else. Across the wrap, too. */
static void ipv4_identification(void) {
  struct shape shape = frame_defaults();
  static const struct {
    uint16_t ids[3];
    uint8_t df;
    uint32_t items;
  } cases[] = {
      {{5, 6, 7}, 1, 1}, {{5, 6, 7}, 0, 1}, {{65535, 0, 1}, 0, 1}, {{5, 5, 5}, 1, 1}, {{5, 5, 5}, 0, 3},
      {{5, 5, 6}, 1, 2}, {{5, 6, 6}, 1, 2}, {{5, 7, 8}, 1, 2},     {{0, 0, 0}, 1, 1}, {{5, 4, 3}, 0, 3},
  };
  for (int i = 0; i < 10; i++) {
    struct shape next = shape;
    next.df = cases[i].df;
    for (int k = 0; k < 3; k++) {
      next.id = cases[i].ids[k];
      arrive(&next), follow(&next);
    }
    EQUAL(coalesce(), cases[i].items);
    clear();
  }
}

static void a_push_closes(void) {
  struct shape shape = frame_defaults();
  for (int i = 0; i < 4; i++) {
    shape.flags = i == 1 ? TCP_ACK | TCP_PSH : TCP_ACK;
    arrive(&shape), follow(&shape);
  }
  EQUAL(coalesce(), 2);
  EQUAL(item(0)->count, 2);
  write_out(0);
  EQUAL(written[14 + 20 + 13], TCP_ACK | TCP_PSH);
  EQUAL(item(1)->count, 2);
  EXPECT((item(1)->header[14 + 20 + 13] & TCP_PSH) == 0);
  clear();
}

static void a_short_one_closes(void) {
  struct shape shape = frame_defaults();
  static const uint32_t sizes[] = {100, 60, 60, 100, 100};
  for (int i = 0; i < 5; i++) {
    shape.payload = sizes[i];
    arrive(&shape), follow(&shape);
  }
  EQUAL(coalesce(), 3); /* 100+60, 60, 100+100 */
  EQUAL(item(0)->count, 2);
  EQUAL(item(1)->count, 1);
  EQUAL(item(2)->count, 2);
  clear();
}

/* CWR is on the first segment of a super-frame only, and says so in gso_type. */
static void congestion_window_reduced_leads(void) {
  struct shape shape = frame_defaults();
  shape.flags = TCP_ACK | TCP_CWR | TCP_ECE;
  arrive(&shape), follow(&shape);
  shape.flags = TCP_ACK | TCP_ECE;
  arrive(&shape), follow(&shape);
  shape.flags = TCP_ACK | TCP_CWR | TCP_ECE;
  arrive(&shape);
  EQUAL(coalesce(), 2);
  EQUAL(item(0)->vnet[1], VNET_GSO_TCPV4 | VNET_GSO_ECN);
  EXPECT(is_silent(item(1)));
  clear();
}

/* A frame of the flow that cannot join ends the item: what comes later must not overtake it. */
static void order_within_a_flow(void) {
  struct shape shape = frame_defaults(), ack;
  arrive(&shape), follow(&shape);
  arrive(&shape), follow(&shape);
  ack = shape;
  ack.payload = 0;
  arrive(&ack);
  arrive(&shape), follow(&shape);
  arrive(&shape);
  EQUAL(coalesce(), 3);
  EQUAL(item(1)->first, 2);
  EQUAL(item(2)->first, 3);
  EQUAL(item(2)->count, 2);
  clear();
}

static void a_fragment_between_closes(void) {
  struct shape shape = frame_defaults();
  shape.protocol = 17;
  arrive(&shape), follow(&shape);
  uint8_t *fragment = arrive(&shape);
  fragment[14 + 6] = 0x20; /* more fragments: no telling which flow */
  arrive(&shape), follow(&shape);
  EQUAL(coalesce(), 3);
  arrivals[1].queue = 8; /* of another queue: none of ours */
  ((uint8_t *)arrivals[2].frame)[14 + 5]--;
  ((uint8_t *)arrivals[2].frame)[14 + 11]++;
  EQUAL(coalesce(), 2);
  arrivals[1].queue = 7;
  fragment[14 + 19] ^= 1; /* to another address: none of ours */
  EQUAL(coalesce(), 2);
  clear();
}

/* A wrong checksum goes alone and as it came; so does a wrong IPv4 header checksum. */
static void wrong_checksums_stay_wrong(void) {
  static const uint32_t places[] = {14 + 20 + 16, 14 + 20 + 32 + 50, 14 + 10};
  for (int i = 0; i < 3; i++) {
    struct shape shape = frame_defaults();
    arrive(&shape), follow(&shape);
    uint8_t *bad = arrive(&shape);
    follow(&shape);
    arrive(&shape);
    bad[places[i]] ^= 0x10;
    EQUAL(coalesce(), 3);
    EQUAL(item(1)->count, 1);
    EXPECT(is_silent(item(1)));
    EXPECT(item(1)->header == bad);
    clear();
  }
}

static void udp_without_checksum_stays_alone(void) {
  struct shape shape = frame_defaults();
  shape.protocol = 17;
  uint8_t *first = arrive(&shape);
  follow(&shape);
  uint8_t *second = arrive(&shape);
  first[40] = first[41] = second[40] = second[41] = 0;
  EQUAL(coalesce(), 2);
  EXPECT(is_silent(item(0)));
  EXPECT(is_silent(item(1)));
  clear();
}

static void padding_stays_alone(void) {
  struct shape shape = frame_defaults();
  shape.payload = 1;
  shape.option_length = 0;
  arrive(&shape), follow(&shape);
  static uint8_t padded[60];
  memcpy(padded, arrive(&shape), 55);
  const uint8_t *keep = arrivals[1].frame;
  arrivals[1].frame = padded;
  arrivals[1].length = 60;
  EQUAL(coalesce(), 2);
  EQUAL(item(1)->length, 60);
  arrivals[1].frame = keep;
  clear();
}

static void limits(void) {
  struct shape shape = frame_defaults();
  shape.payload = 10;
  for (int i = 0; i < 200; i++) arrive(&shape), follow(&shape);
  EQUAL(coalesce(), 2);
  EQUAL(item(0)->count, COALESCE_JOIN);
  clear();
  shape.protocol = 17;
  for (int i = 0; i < 200; i++) arrive(&shape), follow(&shape);
  EQUAL(coalesce(), 4);
  EQUAL(item(0)->count, COALESCE_JOIN_UDP);
  clear();
  for (int version = 4; version <= 6; version += 2) { /* 64 KiB */
    shape = frame_defaults();
    shape.version = (uint8_t)version;
    shape.payload = 1400;
    for (int i = 0; i < 50; i++) arrive(&shape), follow(&shape);
    EQUAL(coalesce(), 2);
    EQUAL(item(0)->count, 46);
    EXPECT(item(0)->length <= 65535 + 14);
    clear();
  }
}

/* The seventeenth flow closes the oldest; order is kept, nothing is lost. */
static void more_flows_than_the_table_has(void) {
  struct shape shape = frame_defaults();
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i <= COALESCE_FLOWS; i++) {
      struct shape flow = shape;
      flow.source_port = (uint16_t)(1000 + i);
      arrive(&flow);
    }
    follow(&shape);
  }
  EQUAL(coalesce(), 2 * (COALESCE_FLOWS + 1)); /* each round evicts what the next would need */
  clear();
  shape = frame_defaults();
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < COALESCE_FLOWS; i++) {
      struct shape flow = shape;
      flow.source_port = (uint16_t)(1000 + i);
      arrive(&flow);
    }
    follow(&shape);
  }
  EQUAL(coalesce(), COALESCE_FLOWS);
  clear();
}

static void anything_else_passes(void) {
  static const uint8_t arp[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x08, 0x06};
  static const uint8_t stub[1];
  arrivals[0] = (struct arrival){.frame = arp, .length = 42, .mtu = 1500, .modes = 3};
  arrivals[1] = (struct arrival){.frame = stub, .length = 1, .mtu = 1500, .modes = 3};
  arrivals[2] = (struct arrival){.frame = stub, .length = 0, .mtu = 1500, .modes = 3};
  EQUAL(coalesce_frames(&coalescer, arrivals, 3), 3);
  for (uint32_t i = 0; i < 3; i++) EXPECT(is_silent(item(i)));
  EQUAL(coalesce_frames(&coalescer, arrivals, 0), 0);
}

void coalesce_tests(void);

void coalesce_tests(void) {
  TEST(every_kind_of_flow);
  TEST(a_frame_alone_is_written_in_place);
  TEST(flows_are_told_apart);
  TEST(queues_and_modes_are_kept_apart);
  TEST(every_difference_keeps_apart);
  TEST(ethernet_and_reserved_and_option_octets_count);
  TEST(ipv4_identification);
  TEST(a_push_closes);
  TEST(a_short_one_closes);
  TEST(congestion_window_reduced_leads);
  TEST(order_within_a_flow);
  TEST(a_fragment_between_closes);
  TEST(wrong_checksums_stay_wrong);
  TEST(udp_without_checksum_stays_alone);
  TEST(padding_stays_alone);
  TEST(limits);
  TEST(more_flows_than_the_table_has);
  TEST(anything_else_passes);
}

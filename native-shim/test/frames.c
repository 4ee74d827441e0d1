#include "frames.h"

#include <string.h>

static void put16(uint8_t *at, uint32_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value) {
  put16(at, value >> 16);
  put16(at + 2, value & 0xffff);
}

uint16_t oracle_sum(const uint8_t *bytes, uint32_t length, uint32_t sum) {
  for (uint32_t i = 0; i < length; i++) {
    sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return (uint16_t)sum;
}

struct shape frame_defaults(void) {
  return (struct shape){
      .version = 4,
      .protocol = 6,
      .df = 1,
      .ttl = 64,
      .flags = 0x10,
      .option_length = 12,
      .fill = 1,
      .id = 0x1000,
      .source_port = 40000,
      .window = 500,
      .sequence = 0x01020304,
      .acknowledgement = 0x0a0b0c0d,
      .payload = 100,
  };
}

static uint32_t put_ethernet(uint8_t *out, const struct shape *shape) {
  static const uint8_t addresses[12] = {0x02, 0, 0, 0, 0, 0x02, 0x02, 0, 0, 0, 0, 0x01};
  uint32_t at = 12;
  memcpy(out, addresses, sizeof addresses);
  if (shape->tagged > 1) {
    put16(out + at, 0x88a8);
    put16(out + at + 2, 0x4064);
    at += 4;
  }
  if (shape->tagged) {
    put16(out + at, 0x8100);
    put16(out + at + 2, 0x2005);
    at += 4;
  }
  put16(out + at, shape->version == 4 ? 0x0800 : 0x86dd);
  return at + 2;
}

static uint32_t put_ipv4(uint8_t *ip, const struct shape *shape, uint32_t transport) {
  uint32_t header = 20u + shape->ip_options;
  memset(ip, 0, header);
  ip[0] = (uint8_t)(0x40 | header / 4);
  ip[1] = shape->tos;
  put16(ip + 2, header + transport);
  put16(ip + 4, shape->id);
  put16(ip + 6, shape->df ? 0x4000 : 0);
  ip[8] = shape->ttl;
  ip[9] = shape->protocol;
  put32(ip + 12, 0x0a000001);
  put32(ip + 16, 0x0a000002);
  memset(ip + 20, 1, shape->ip_options); /* no operation */
  put16(ip + 10, 0xffffu ^ oracle_sum(ip, header, 0));
  return header;
}

static uint32_t put_ipv6(uint8_t *ip, const struct shape *shape, uint32_t transport) {
  uint32_t header = 40u + shape->ip_options;
  memset(ip, 0, header);
  put32(ip, 0x60000000u | (uint32_t)shape->tos << 20 | 0x12345);
  put16(ip + 4, transport + shape->ip_options);
  ip[6] = shape->ip_options > 0 ? 60 : shape->protocol;
  ip[7] = shape->ttl;
  ip[8] = ip[24] = 0xfd;
  ip[23] = 1;
  ip[39] = 2;
  if (shape->ip_options > 0) {
    ip[40] = shape->protocol;
    ip[41] = (uint8_t)(shape->ip_options / 8 - 1);
    ip[42] = 1; /* PadN over the rest */
    ip[43] = (uint8_t)(shape->ip_options - 4);
  }
  return header;
}

static uint32_t put_tcp(uint8_t *tcp, const struct shape *shape) {
  uint32_t header = 20u + shape->option_length;
  memset(tcp, 0, header);
  put16(tcp, shape->source_port);
  put16(tcp + 2, 5001);
  put32(tcp + 4, shape->sequence);
  put32(tcp + 8, shape->acknowledgement);
  tcp[12] = (uint8_t)(header / 4 << 4);
  tcp[13] = shape->flags;
  put16(tcp + 14, shape->window);
  memset(tcp + 20, 1, shape->option_length);
  return header;
}

static uint32_t put_udp(uint8_t *udp, const struct shape *shape) {
  put16(udp, shape->source_port);
  put16(udp + 2, 5001);
  put16(udp + 4, 8 + shape->payload);
  put16(udp + 6, 0);
  return 8;
}

uint16_t oracle_pseudo(const uint8_t *frame, const struct shape *shape, const struct layout *layout) {
  const uint8_t *ip = frame + layout->network;
  uint32_t sum = oracle_sum(ip + (shape->version == 4 ? 12 : 8), shape->version == 4 ? 8 : 32, 0);
  uint32_t length = layout->length - layout->transport;
  sum += shape->protocol + length;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)sum;
}

struct layout frame_build(uint8_t *out, const struct shape *shape) {
  struct layout layout;
  uint32_t transport = (shape->protocol == 6 ? 20u + shape->option_length : 8u) + shape->payload;
  layout.network = put_ethernet(out, shape);
  uint8_t *ip = out + layout.network;
  layout.transport = layout.network + (shape->version == 4 ? put_ipv4(ip, shape, transport) : put_ipv6(ip, shape, transport));
  uint8_t *l4 = out + layout.transport;
  layout.payload = layout.transport + (shape->protocol == 6 ? put_tcp(l4, shape) : put_udp(l4, shape));
  for (uint32_t i = 0; i < shape->payload; i++) out[layout.payload + i] = (uint8_t)(shape->fill + i);
  layout.length = layout.payload + shape->payload;
  layout.check = layout.transport + (shape->protocol == 6 ? 16 : 6);
  uint16_t pseudo = oracle_pseudo(out, shape, &layout);
  uint16_t check = pseudo;
  if (!shape->unfinished) {
    check = (uint16_t)~oracle_sum(l4, layout.length - layout.transport, pseudo);
    if (check == 0 && shape->protocol == 17) check = 0xffff;
  }
  put16(out + layout.check, check);
  return layout;
}

int oracle_valid(const uint8_t *frame, const struct shape *shape, const struct layout *layout) {
  const uint8_t *ip = frame + layout->network;
  if (shape->version == 4 && oracle_sum(ip, (uint32_t)(ip[0] & 15) * 4, 0) != 0xffff) return 0;
  uint16_t pseudo = oracle_pseudo(frame, shape, layout);
  return oracle_sum(frame + layout->transport, layout->length - layout->transport, pseudo) == 0xffff;
}

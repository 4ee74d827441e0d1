/* Parsing as far as offloads need it. See packet.h. */
#include "packet.h"

#include "checksum.h"

#define TYPE_OFFSET 12
#define TYPE_VLAN 0x8100
#define TYPE_SERVICE_VLAN 0x88a8
#define TYPE_IPV4 0x0800
#define TYPE_IPV6 0x86dd

/* IPv6 next-header values that are extension headers with a length octet of their own (RFC 8200, section 4). */
#define HOP_BY_HOP 0
#define ROUTING 43
#define FRAGMENT 44
#define DESTINATION 60

/* IEEE 802.1ad: a service tag and a customer tag. The headers of segment.h and coalesce.h have room for no more. */
#define TAG_LIMIT 2

/* Extension headers are looked through this far; with more, the frame passes without offloads. */
#define EXTENSION_LIMIT 512

#define IPV4_FRAGMENT 0x3fff /* "more fragments" and the offset; not DF */

static int parse_tcp(const uint8_t *frame, struct packet *packet) {
  uint32_t left = packet->end - packet->transport;
  if (left < TCP_BYTES) return PACKET_SHORT;
  uint32_t header = (uint32_t)(frame[packet->transport + 12] >> 4) * 4;
  if (header < TCP_BYTES || header > left) return PACKET_TCP_HEADER;
  packet->payload = (uint16_t)(packet->transport + header);
  return 0;
}

static int parse_udp(const uint8_t *frame, struct packet *packet) {
  uint32_t left = packet->end - packet->transport;
  if (left < UDP_BYTES) return PACKET_SHORT;
  if (read16(frame + packet->transport + 4) != left) return PACKET_UDP_LENGTH;
  packet->payload = packet->transport + UDP_BYTES;
  return 0;
}

static int parse_transport(const uint8_t *frame, struct packet *packet) {
  if (packet->protocol == PROTOCOL_TCP) return parse_tcp(frame, packet);
  if (packet->protocol == PROTOCOL_UDP) return parse_udp(frame, packet);
  return PACKET_NOT_L4;
}

static int parse_ipv4(const uint8_t *frame, uint32_t length, struct packet *packet) {
  const uint8_t *ip = frame + packet->network;
  uint32_t left = length - packet->network;
  if (left < IPV4_BYTES) return PACKET_SHORT;
  uint32_t header = (uint32_t)(ip[0] & 15) * 4;
  if (ip[0] >> 4 != 4 || header < IPV4_BYTES) return PACKET_IP_HEADER;
  uint32_t total = read16(ip + 2);
  if (total < header || total > left) return PACKET_IP_LENGTH;
  packet->version = 4;
  packet->protocol = ip[9];
  packet->options = header > IPV4_BYTES;
  packet->transport = (uint16_t)(packet->network + header);
  packet->end = packet->network + total;
  if (read16(ip + 6) & IPV4_FRAGMENT) return PACKET_FRAGMENT;
  return parse_transport(frame, packet);
}

/* Walks extension headers from packet->transport on. */
static int skip_extensions(const uint8_t *frame, struct packet *packet) {
  uint32_t at = packet->transport;
  uint32_t limit = at + EXTENSION_LIMIT;
  uint8_t next = packet->protocol;
  while (next == HOP_BY_HOP || next == ROUTING || next == DESTINATION) {
    if (packet->end - at < 8) return PACKET_IP_HEADER;
    uint32_t header = (frame[at + 1] + 1u) * 8;
    if (header > packet->end - at) return PACKET_IP_HEADER;
    next = frame[at];
    at += header;
    packet->protocol = next;
    packet->options = 1;
    if (at > limit) return PACKET_NOT_L4;
    packet->transport = (uint16_t)at;
  }
  return next == FRAGMENT ? PACKET_FRAGMENT : 0;
}

static int parse_ipv6(const uint8_t *frame, uint32_t length, struct packet *packet) {
  const uint8_t *ip = frame + packet->network;
  uint32_t left = length - packet->network;
  if (left < IPV6_BYTES) return PACKET_SHORT;
  if (ip[0] >> 4 != 6) return PACKET_IP_HEADER;
  uint32_t total = IPV6_BYTES + read16(ip + 4);
  if (total > left) return PACKET_IP_LENGTH;
  packet->version = 6;
  packet->protocol = ip[6];
  packet->transport = packet->network + IPV6_BYTES;
  packet->end = packet->network + total;
  int fault = skip_extensions(frame, packet);
  return fault < 0 ? fault : parse_transport(frame, packet);
}

int packet_parse(const uint8_t *frame, uint32_t length, struct packet *packet) {
  *packet = (struct packet){0};
  if (length < ETHERNET_BYTES) return PACKET_SHORT;
  uint16_t network = ETHERNET_BYTES;
  uint16_t type = read16(frame + TYPE_OFFSET);
  for (int tags = 0; tags < TAG_LIMIT && (type == TYPE_VLAN || type == TYPE_SERVICE_VLAN); tags++) {
    network += VLAN_TAG_BYTES;
    if (length < network) return PACKET_SHORT;
    type = read16(frame + network - 2);
  }
  if (type != TYPE_IPV4 && type != TYPE_IPV6) return PACKET_NOT_IP;
  packet->network = network;
  return type == TYPE_IPV4 ? parse_ipv4(frame, length, packet) : parse_ipv6(frame, length, packet);
}

uint64_t packet_pseudo(const uint8_t *frame, const struct packet *packet, uint32_t length) {
  const uint8_t *ip = frame + packet->network;
  return packet->version == 4 ? checksum_pseudo4(ip + 12, packet->protocol, length)
                              : checksum_pseudo6(ip + 8, packet->protocol, length);
}

int packet_verifies(const uint8_t *frame, const struct packet *packet) {
  uint32_t length = packet->end - packet->transport;
  if (packet->protocol == PROTOCOL_UDP && load16(frame + packet_check(packet)) == 0) return 0;
  uint64_t sum = packet_pseudo(frame, packet, length);
  return checksum_fold(checksum_add(frame + packet->transport, length, sum)) == 0xffff;
}

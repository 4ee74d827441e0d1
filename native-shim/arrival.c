/* One frame on its way to a TAP. See arrival.h. */
#include "arrival.h"

#include <string.h>

#include "checksum.h"

/* Little-endian, as both architectures we run on store it and TUNSETVNETLE would have it. */
static void put16(uint8_t *at, uint32_t value) {
  at[0] = (uint8_t)value;
  at[1] = (uint8_t)(value >> 8);
}

/* flags, gso_type, hdr_len, gso_size, csum_start, csum_offset. */
void vnet_write(uint8_t *vnet, const struct offload *offload, uint32_t header_length) {
  vnet[0] = offload->flags;
  vnet[1] = offload->gso_type;
  put16(vnet + 2, header_length);
  put16(vnet + 4, offload->gso_size);
  put16(vnet + 6, offload->csum_start);
  put16(vnet + 8, offload->csum_offset);
}

struct offload vnet_needs_checksum(const struct packet *packet) {
  return (struct offload){
      .flags = VNET_NEEDS_CSUM,
      .csum_start = packet->transport,
      .csum_offset = (uint16_t)(packet_check(packet) - packet->transport),
  };
}

uint8_t vnet_tcp_type(const uint8_t *frame, const struct packet *packet) {
  uint8_t type = packet->version == 4 ? VNET_GSO_TCPV4 : VNET_GSO_TCPV6;
  return (frame[packet->transport + 13] & TCP_CWR) != 0 ? type | VNET_GSO_ECN : type;
}

/* Did another TAP leave something to be done to the frame? DATA_VALID asks for nothing. */
static int has_request(const struct arrival *arrival) {
  return (arrival->offload.flags & VNET_NEEDS_CSUM) != 0 || arrival->offload.gso_type != VNET_GSO_NONE;
}

/* What another TAP said of the frame, if its headers bear it out; a gso_type needs whole headers. */
static void hand_on(const struct candidate *candidate, uint8_t *vnet) {
  const struct arrival *arrival = candidate->arrival;
  struct offload offload = arrival->offload;
  int fault = candidate->fault;
  uint32_t header_length = 0;
  if (fault < 0 && fault != PACKET_NOT_IP && fault != PACKET_NOT_L4) return;
  if (offload.gso_type != VNET_GSO_NONE) {
    if (fault < 0 || segment_check(arrival->frame, arrival->length, &offload, &candidate->packet) < 0) return;
    header_length = candidate->packet.payload;
  }
  offload.flags &= VNET_NEEDS_CSUM;
  if (offload.flags == 0) {
    offload.csum_start = offload.csum_offset = 0;
  } else if ((uint32_t)offload.csum_start + offload.csum_offset + 2 > arrival->length) {
    return;
  }
  vnet_write(vnet, &offload, header_length);
}

static int larger_than_mtu(const struct candidate *candidate) {
  uint32_t mtu = candidate->arrival->mtu;
  return mtu != 0 && candidate->packet.end - candidate->packet.network > mtu;
}

/*
 * A frame off the wire, by itself: an unfinished checksum is announced, and so is a TCP super-frame. One whose
 * checksum is neither unfinished nor right stays unannounced: cut further on it would get right checksums.
 */
static void announce(const struct candidate *candidate, uint8_t *vnet) {
  const struct arrival *arrival = candidate->arrival;
  const struct packet *packet = &candidate->packet;
  struct offload offload = {0};
  uint32_t header_length = 0;
  if (candidate->standing == UNFINISHED) offload = vnet_needs_checksum(packet);
  if (packet->protocol == PROTOCOL_TCP && larger_than_mtu(candidate)) {
    uint32_t headers = (uint32_t)packet->payload - packet->network;
    int known = candidate->standing == UNFINISHED || packet_verifies(arrival->frame, packet);
    int whole = (arrival->frame[packet->transport + 13] & (TCP_SYN | TCP_RST)) == 0;
    if (known && whole && arrival->mtu > headers && packet->payload < packet->end) {
      offload.gso_type = vnet_tcp_type(arrival->frame, packet);
      offload.gso_size = (uint16_t)(arrival->mtu - headers);
      header_length = packet->payload;
    }
  }
  vnet_write(vnet, &offload, header_length);
}

void arrival_announce(const struct candidate *candidate, uint8_t *vnet) {
  memset(vnet, 0, VNET_BYTES);
  if (has_request(candidate->arrival)) {
    hand_on(candidate, vnet);
  } else if (candidate->fault == 0) {
    announce(candidate, vnet);
  }
}

/*
 * Does the checksum field hold the folded pseudo-header sum? Then nobody has finished it. That sum is never 0, as the
 * protocol is part of it, so UDP's "no checksum" is not taken for it.
 */
static int is_unfinished(const uint8_t *frame, const struct packet *packet) {
  uint64_t pseudo = packet_pseudo(frame, packet, packet->end - packet->transport);
  uint16_t check = load16(frame + packet_check(packet));
  return check == checksum_fold(pseudo);
}

void arrival_examine(struct candidate *candidate, const struct arrival *arrival, uint32_t index) {
  candidate->arrival = arrival;
  candidate->index = index;
  candidate->standing = UNKNOWN;
  candidate->fault = packet_parse(arrival->frame, arrival->length, &candidate->packet);
  if (candidate->fault == 0 && is_unfinished(arrival->frame, &candidate->packet)) candidate->standing = UNFINISHED;
}

int arrival_may_join(struct candidate *candidate) {
  const struct arrival *arrival = candidate->arrival;
  const struct packet *packet = &candidate->packet;
  const uint8_t *frame = arrival->frame;
  int tcp = packet->protocol == PROTOCOL_TCP;
  if ((arrival->modes & (tcp ? COALESCE_TCP : COALESCE_UDP)) == 0) return 0;
  if (has_request(arrival)) return 0;
  if (packet->options || packet->end != arrival->length || packet->payload == packet->end) return 0;
  if (larger_than_mtu(candidate)) return 0;
  if (tcp) {
    uint8_t flags = frame[packet->transport + 13];
    if ((flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_URG | TCP_ACK)) != TCP_ACK) return 0;
  }
  const uint8_t *ip = frame + packet->network;
  if (packet->version == 4 && checksum_fold(checksum_add(ip, IPV4_BYTES, 0)) != 0xffff) return 0;
  if (candidate->standing == UNKNOWN) candidate->standing = packet_verifies(frame, packet) ? RIGHT : WRONG;
  return candidate->standing != WRONG;
}

void coalesce_alone(const struct arrival *arrival, uint8_t vnet[VNET_BYTES]) {
  struct candidate candidate;
  arrival_examine(&candidate, arrival, 0);
  arrival_announce(&candidate, vnet);
}

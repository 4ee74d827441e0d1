/* Coalescing of frames on their way to a TAP. See coalesce.h for the rules. */
#include "coalesce.h"

#include <string.h>

#include "arrival.h"
#include "checksum.h"
#include "packet.h"

#define IP_MAX 65535

/* --- flows ----------------------------------------------------------------------------------------- */

static const uint8_t *addresses(const uint8_t *frame, const struct packet *packet, uint32_t *length) {
  *length = packet->version == 4 ? 8 : 32;
  return frame + packet->network + (packet->version == 4 ? 12 : 8);
}

static uint32_t flow_hash(const struct candidate *candidate) {
  const uint8_t *frame = candidate->arrival->frame;
  uint32_t length;
  const uint8_t *at = addresses(frame, &candidate->packet, &length);
  uint64_t mix = load32(frame + candidate->packet.transport) ^ (uint64_t)(uint32_t)candidate->arrival->queue << 32;
  for (uint32_t i = 0; i < length; i += 8) mix = (mix ^ load64(at + i)) * 0x9e3779b97f4a7c15u;
  return (uint32_t)(mix >> 32);
}

static const uint8_t *head_frame(const struct coalescer *coalescer, const struct arrival *arrivals,
                                 const struct open_flow *flow) {
  return arrivals[coalescer->item[flow->item].first].frame;
}

static int same_addresses(const struct coalescer *coalescer, const struct arrival *arrivals,
                          const struct open_flow *flow, const struct candidate *candidate) {
  const struct packet *packet = &candidate->packet;
  uint32_t length;
  if (flow->version != packet->version) return 0;
  if (coalescer->item[flow->item].queue != candidate->arrival->queue) return 0;
  const uint8_t *mine = addresses(candidate->arrival->frame, packet, &length);
  const uint8_t *head = head_frame(coalescer, arrivals, flow) + flow->network + (mine - candidate->arrival->frame) -
                        packet->network;
  return memcmp(head, mine, length) == 0;
}

/* The open flow of a TCP or UDP frame: same queue, protocol, addresses and ports. */
static struct open_flow *find_flow(struct coalescer *coalescer, const struct arrival *arrivals,
                                   const struct candidate *candidate) {
  const struct packet *packet = &candidate->packet;
  for (uint32_t i = 0; i < coalescer->flows; i++) {
    struct open_flow *flow = &coalescer->flow[i];
    if (flow->hash != candidate->hash || flow->protocol != packet->protocol) continue;
    if (load32(head_frame(coalescer, arrivals, flow) + flow->transport) !=
        load32(candidate->arrival->frame + packet->transport)) {
      continue;
    }
    if (same_addresses(coalescer, arrivals, flow, candidate)) return flow;
  }
  return NULL;
}

/* Completes the header of a joined item. Kernel: inet_gro_complete, tcp_gro_complete, udp_gro_complete. */
static void seal(struct item *item, const struct open_flow *flow) {
  if (item->count == 1) return;
  uint8_t *header = (uint8_t *)item->header;
  uint8_t *ip = header + flow->network;
  uint8_t *transport = header + flow->transport;
  struct packet packet = {
      .end = flow->network + flow->total,
      .network = flow->network,
      .transport = flow->transport,
      .payload = flow->payload,
      .version = flow->version,
      .protocol = flow->protocol,
  };
  uint32_t length = packet.end - packet.transport;
  if (flow->version == 4) {
    write16(ip + 2, (uint16_t)flow->total);
    store16(ip + 10, 0);
    store16(ip + 10, checksum_finish(checksum_add(ip, IPV4_BYTES, 0)));
  } else {
    write16(ip + 4, (uint16_t)(flow->total - IPV6_BYTES));
  }
  struct offload offload = vnet_needs_checksum(&packet);
  offload.gso_size = flow->size;
  if (flow->protocol == PROTOCOL_TCP) {
    offload.gso_type = vnet_tcp_type(header, &packet);
  } else {
    offload.gso_type = VNET_GSO_UDP_L4;
    write16(transport + 4, (uint16_t)length);
  }
  store16(header + packet_check(&packet), checksum_fold(packet_pseudo(header, &packet, length)));
  item->header_length = flow->payload;
  item->length = packet.end;
  vnet_write(item->vnet, &offload, flow->payload);
}

static void close_flow(struct coalescer *coalescer, struct open_flow *flow) {
  seal(&coalescer->item[flow->item], flow);
  *flow = coalescer->flow[--coalescer->flows];
}

static struct open_flow *oldest_flow(struct coalescer *coalescer) {
  struct open_flow *oldest = &coalescer->flow[0];
  for (uint32_t i = 1; i < coalescer->flows; i++) {
    if (coalescer->flow[i].item < oldest->item) oldest = &coalescer->flow[i];
  }
  return oldest;
}

/*
 * A fragment, or a packet whose transport header makes no sense here, may belong to any flow between its addresses:
 * all of them are closed, so that what follows cannot overtake it.
 */
static void close_between(struct coalescer *coalescer, const struct arrival *arrivals,
                          const struct candidate *candidate) {
  for (uint32_t i = coalescer->flows; i-- > 0;) {
    struct open_flow *flow = &coalescer->flow[i];
    if (same_addresses(coalescer, arrivals, flow, candidate)) close_flow(coalescer, flow);
  }
}

/* --- items ----------------------------------------------------------------------------------------- */

/* A new item of one frame. */
static uint32_t begin_item(struct coalescer *coalescer, const struct candidate *candidate) {
  uint32_t number = coalescer->items++;
  struct item *item = &coalescer->item[number];
  item->count = 1;
  item->queue = candidate->arrival->queue;
  item->first = item->last = candidate->index;
  item->length = candidate->arrival->length;
  item->header_length = 0;
  item->header = candidate->arrival->frame;
  coalescer->next[candidate->index] = COALESCE_END;
  coalescer->payload[candidate->index] = candidate->packet.payload;
  arrival_announce(candidate, item->vnet);
  return number;
}

/* Begins an item that may grow; a pushed TCP segment already ends its own. */
static void open_item(struct coalescer *coalescer, const struct candidate *candidate) {
  const struct packet *packet = &candidate->packet;
  const uint8_t *transport = candidate->arrival->frame + packet->transport;
  uint32_t item = begin_item(coalescer, candidate);
  int tcp = packet->protocol == PROTOCOL_TCP;
  if (tcp && (transport[13] & TCP_PSH) != 0) return;
  if (coalescer->flows == COALESCE_FLOWS) close_flow(coalescer, oldest_flow(coalescer));
  coalescer->flow[coalescer->flows++] = (struct open_flow){
      .hash = candidate->hash,
      .item = item,
      .next_sequence = tcp ? read32(transport + 4) + arrival_payload(candidate) : 0,
      .total = packet->end - packet->network,
      .size = (uint16_t)arrival_payload(candidate),
      .network = packet->network,
      .transport = packet->transport,
      .payload = packet->payload,
      .version = packet->version,
      .protocol = packet->protocol,
  };
}

/*
 * IPv4: same TOS, TTL and flags, and the id that is due. Whether ids count or stand still is decided by the second
 * frame, and they may stand still only with DF (RFC 6864, section 4.1). Kernel: inet_gro_flush.
 */
static int ipv4_continues(const uint8_t *head, const uint8_t *ip, uint32_t count, int fixed) {
  if (head[1] != ip[1] || head[8] != ip[8] || load16(head + 6) != load16(ip + 6)) return 0;
  uint16_t step = (uint16_t)(read16(ip + 4) - read16(head + 4));
  return step == (fixed ? 0 : count);
}

/* IPv6: same version, traffic class and flow label, and hop limit. Kernel: ipv6_gro_receive. */
static int ipv6_continues(const uint8_t *head, const uint8_t *ip) {
  return load32(head) == load32(ip) && head[7] == ip[7];
}

/*
 * TCP: next in sequence, nothing new said. Kernel: tcp_gro_receive, which does not look at the urgent pointer
 * while URG is off; here it must be equal, or a frame would leave with other octets than it came with.
 */
static int tcp_continues(const uint8_t *head, const uint8_t *tcp, uint32_t header, uint32_t due) {
  if (read32(tcp + 4) != due || load32(head + 8) != load32(tcp + 8)) return 0;
  if (head[12] != tcp[12] || load16(head + 14) != load16(tcp + 14)) return 0;
  if (load16(head + 18) != load16(tcp + 18)) return 0;
  if ((tcp[13] & TCP_CWR) != 0 || ((head[13] ^ tcp[13]) & ~(TCP_PSH | TCP_CWR)) != 0) return 0;
  return memcmp(head + TCP_BYTES, tcp + TCP_BYTES, header - TCP_BYTES) == 0;
}

static int continues(const struct coalescer *coalescer, const struct arrival *arrivals, struct open_flow *flow,
                     const struct candidate *candidate) {
  const struct packet *packet = &candidate->packet;
  const struct item *item = &coalescer->item[flow->item];
  const uint8_t *frame = candidate->arrival->frame;
  const uint8_t *head = head_frame(coalescer, arrivals, flow);
  uint32_t length = arrival_payload(candidate);
  uint32_t most = flow->protocol == PROTOCOL_TCP ? COALESCE_JOIN : COALESCE_JOIN_UDP;

  if (length > flow->size || flow->total + length > IP_MAX || item->count >= most) return 0;
  if (memcmp(head, frame, packet->network) != 0) return 0; /* same offset of IP, too: the types are equal */
  if (flow->protocol == PROTOCOL_TCP &&
      !tcp_continues(head + flow->transport, frame + packet->transport, packet->payload - packet->transport,
                     flow->next_sequence)) {
    return 0;
  }
  const uint8_t *head_ip = head + flow->network;
  const uint8_t *ip = frame + packet->network;
  if (flow->version == 6) return ipv6_continues(head_ip, ip);
  if (item->count == 1) flow->fixed_id = (ip[6] & 0x40) != 0 && load16(head_ip + 4) == load16(ip + 4);
  return ipv4_continues(head_ip, ip, item->count, flow->fixed_id);
}

/* Adds a frame to its flow's item; closes the item when it is the last that may. */
static void append(struct coalescer *coalescer, const struct arrival *arrivals, struct open_flow *flow,
                   const struct candidate *candidate) {
  struct item *item = &coalescer->item[flow->item];
  uint32_t index = candidate->index;
  uint32_t length = arrival_payload(candidate);
  int pushed = 0;
  if (item->count == 1) {
    uint8_t *copy = coalescer->headers + (size_t)coalescer->headers_used++ * COALESCE_HEADER;
    memcpy(copy, head_frame(coalescer, arrivals, flow), flow->payload);
    item->header = copy;
  }
  if (flow->protocol == PROTOCOL_TCP) {
    pushed = candidate->arrival->frame[flow->transport + 13] & TCP_PSH;
    ((uint8_t *)item->header)[flow->transport + 13] |= (uint8_t)pushed;
  }
  coalescer->next[item->last] = index;
  coalescer->next[index] = COALESCE_END;
  coalescer->payload[index] = candidate->packet.payload;
  item->last = index;
  item->count++;
  flow->next_sequence += length;
  flow->total += length;
  if (pushed || length < flow->size) close_flow(coalescer, flow);
}

static void place(struct coalescer *coalescer, const struct arrival *arrivals, struct candidate *candidate) {
  if (candidate->fault != 0) {
    if (candidate->packet.version != 0 && candidate->fault != PACKET_NOT_L4) {
      close_between(coalescer, arrivals, candidate);
    }
    begin_item(coalescer, candidate);
    return;
  }
  candidate->hash = flow_hash(candidate);
  struct open_flow *flow = find_flow(coalescer, arrivals, candidate);
  int joins = arrival_may_join(candidate);
  if (flow != NULL) {
    if (joins && continues(coalescer, arrivals, flow, candidate)) {
      append(coalescer, arrivals, flow, candidate);
      return;
    }
    close_flow(coalescer, flow);
  }
  if (joins) {
    open_item(coalescer, candidate);
  } else {
    begin_item(coalescer, candidate);
  }
}

uint32_t coalesce_frames(struct coalescer *coalescer, const struct arrival *arrivals, uint32_t count) {
  coalescer->items = 0;
  coalescer->flows = 0;
  coalescer->headers_used = 0;
  if (count > COALESCE_ARRIVALS) count = COALESCE_ARRIVALS;
  for (uint32_t index = 0; index < count; index++) {
    struct candidate candidate;
    arrival_examine(&candidate, &arrivals[index], index);
    place(coalescer, arrivals, &candidate);
  }
  while (coalescer->flows > 0) close_flow(coalescer, &coalescer->flow[0]);
  return coalescer->items;
}

int coalesce_iovecs(const struct coalescer *coalescer, const struct arrival *arrivals, const struct item *item,
                    struct iovec *iovecs) {
  iovecs[0] = (struct iovec){(void *)item->vnet, VNET_BYTES};
  if (item->count == 1) {
    iovecs[1] = (struct iovec){(void *)item->header, item->length};
    return 2;
  }
  iovecs[1] = (struct iovec){(void *)item->header, item->header_length};
  int used = 2;
  for (uint32_t i = item->first; i != COALESCE_END; i = coalescer->next[i]) {
    uint32_t start = coalescer->payload[i];
    iovecs[used++] = (struct iovec){(void *)(arrivals[i].frame + start), arrivals[i].length - start};
  }
  return used;
}

/* Segmentation and checksum completion. See segment.h. */
#include "segment.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "checksum.h"
#include "packet.h"

/* Prefix and headers into one scratch slot; the caller has seen that they fit. */
static void copy_headers(uint8_t *slot, const uint8_t *prefix, uint32_t prefix_length, const uint8_t *frame,
                         uint32_t header_length) {
  if (prefix_length > 0) memcpy(slot, prefix, prefix_length);
  memcpy(slot + prefix_length, frame, header_length);
}

/* One piece: the whole frame behind the prefix. */
static int whole_frame(uint8_t *frame, uint32_t length, const uint8_t *prefix, uint32_t prefix_length,
                       struct piece *piece) {
  if (prefix_length == 0) {
    piece->header = (struct iovec){frame, length};
    piece->payload = (struct iovec){frame + length, 0};
  } else if (prefix + prefix_length == frame) {
    piece->header = (struct iovec){(void *)prefix, prefix_length + length};
    piece->payload = (struct iovec){frame + length, 0};
  } else {
    piece->header = (struct iovec){(void *)prefix, prefix_length};
    piece->payload = (struct iovec){frame, length};
  }
  return 1;
}

static uint16_t finish_transport(const struct packet *packet, uint64_t sum) {
  return packet->protocol == PROTOCOL_UDP ? checksum_finish_udp(sum) : checksum_finish(sum);
}

/*
 * Completes the checksum where it lies. What the field held is left out of the sum, and the pseudo-header is
 * taken from the headers, so that doing it again gives the same octets.
 */
static void finish_in_place(uint8_t *frame, const struct packet *packet) {
  uint32_t length = packet->end - packet->transport;
  uint8_t *field = frame + packet_check(packet);
  store16(field, 0);
  uint64_t sum = checksum_add(frame + packet->transport, length, packet_pseudo(frame, packet, length));
  store16(field, finish_transport(packet, sum));
}

/*
 * Completes a checksum in a copy of the headers, from csum_start to `end` with the field as seed: for tunnels
 * within the frame, and for packets whose pseudo-header is not what their IP header says. Kernel:
 * skb_checksum_help.
 */
static int finish_in_copy(uint8_t *frame, uint32_t length, uint32_t end, const struct offload *offload,
                          const uint8_t *prefix, uint32_t prefix_length, struct piece *piece, uint8_t *scratch) {
  uint32_t start = offload->csum_start;
  uint32_t field = start + offload->csum_offset;
  uint32_t header_length = field + 2;
  if (header_length > end || (offload->csum_offset & 1) != 0) return SEGMENT_CSUM;
  if (prefix_length + header_length > SEGMENT_SLOT) return SEGMENT_HEADERS;
  copy_headers(scratch, prefix, prefix_length, frame, header_length);
  uint64_t sum = checksum_add(frame + start, end - start, 0);
  store16(scratch + prefix_length + field, checksum_finish_udp(sum));
  piece->header = (struct iovec){scratch, prefix_length + header_length};
  piece->payload = (struct iovec){frame + header_length, length - header_length};
  return 1;
}

/* Does the place the virtio-net header names hold this packet's own checksum? */
static int names_transport(const struct offload *offload, const struct packet *packet) {
  return offload->csum_start == packet->transport &&
         (uint32_t)offload->csum_start + offload->csum_offset == packet_check(packet);
}

/* A frame that needs its checksum and no cutting. */
static int finish_frame(uint8_t *frame, uint32_t length, const struct offload *offload, const uint8_t *prefix,
                        uint32_t prefix_length, struct piece *piece, uint8_t *scratch) {
  struct packet packet;
  int fault = packet_parse(frame, length, &packet);
  if (fault < 0 && fault != PACKET_NOT_IP && fault != PACKET_NOT_L4) return fault;
  if (fault == 0 && names_transport(offload, &packet) && !packet.options) {
    finish_in_place(frame, &packet);
    return whole_frame(frame, length, prefix, prefix_length, piece);
  }
  uint32_t end = packet.version == 0 ? length : packet.end;
  uint32_t least = ETHERNET_BYTES;
  if (fault == PACKET_NOT_L4) least = packet.transport;
  if (fault == 0 && !names_transport(offload, &packet)) least = packet.payload;
  if (offload->csum_start < least) return SEGMENT_CSUM;
  return finish_in_copy(frame, length, end, offload, prefix, prefix_length, piece, scratch);
}

int segment_check(const uint8_t *frame, uint32_t length, const struct offload *offload,
                  const struct packet *packet) {
  uint8_t type = offload->gso_type & (uint8_t)~VNET_GSO_ECN;
  int tcp = packet->protocol == PROTOCOL_TCP;
  if (type == VNET_GSO_TCPV4 ? !tcp || packet->version != 4
      : type == VNET_GSO_TCPV6 ? !tcp || packet->version != 6
      : type == VNET_GSO_UDP_L4 ? tcp
                                : 1) {
    return SEGMENT_TYPE;
  }
  if (offload->gso_size == 0) return SEGMENT_SIZE;
  if (packet->end != length) return SEGMENT_LENGTH;
  int partial = (offload->flags & VNET_NEEDS_CSUM) != 0;
  if (partial ? !names_transport(offload, packet) : packet->options) return SEGMENT_CSUM;
  if (tcp && (frame[packet->transport + 13] & (TCP_SYN | TCP_RST)) != 0) return SEGMENT_FLAGS;
  return 0;
}

/*
 * The pseudo-header's sum without the length. Behind options that may reroute, only the sender knows the
 * address that counts: it is taken from the checksum field, which holds the sum with the whole length.
 */
static uint64_t pseudo_base(const uint8_t *frame, const struct packet *packet) {
  if (!packet->options) return packet_pseudo(frame, packet, 0);
  uint16_t length = (uint16_t)(packet->end - packet->transport);
  return (uint64_t)load16(frame + packet_check(packet)) + (uint16_t)~htons(length);
}

static void patch_ipv4(uint8_t *ip, uint32_t total, uint32_t index) {
  write16(ip + 2, (uint16_t)total);
  write16(ip + 4, (uint16_t)(read16(ip + 4) + index));
  store16(ip + 10, 0);
  store16(ip + 10, checksum_finish(checksum_add(ip, (size_t)(ip[0] & 15) * 4, 0)));
}

static void patch_tcp(uint8_t *tcp, uint32_t offset, int last) {
  write32(tcp + 4, read32(tcp + 4) + offset);
  if (offset > 0) tcp[13] &= (uint8_t)~TCP_CWR; /* RFC 3168, section 6.1.2: once */
  if (!last) tcp[13] &= (uint8_t)~(TCP_FIN | TCP_PSH);
  store16(tcp + TCP_CHECK, 0);
}

static void patch_udp(uint8_t *udp, uint32_t length) {
  write16(udp + 4, (uint16_t)length);
  store16(udp + UDP_CHECK, 0);
}

static int cut_frame(uint8_t *frame, uint32_t size, const struct packet *packet, const uint8_t *prefix,
                     uint32_t prefix_length, struct piece *pieces, int room, uint8_t *scratch) {
  uint32_t total = packet->end - packet->payload;
  uint32_t count = (total + size - 1) / size;
  uint32_t header_length = packet->payload;
  if (prefix_length + header_length > SEGMENT_SLOT) return SEGMENT_HEADERS;
  if (count > SEGMENT_PIECES) return SEGMENT_TOO_MANY;
  if (count > (uint32_t)room) return SEGMENT_NO_ROOM;

  uint32_t transport_header = packet->payload - packet->transport;
  uint64_t base = pseudo_base(frame, packet);
  for (uint32_t index = 0; index < count; index++) {
    uint32_t offset = index * size;
    uint32_t length = index + 1 < count ? size : total - offset;
    uint8_t *slot = scratch + (size_t)index * SEGMENT_SLOT;
    uint8_t *header = slot + prefix_length;
    uint8_t *ip = header + packet->network;
    uint8_t *transport = header + packet->transport;
    uint8_t *payload = frame + packet->payload + offset;

    copy_headers(slot, prefix, prefix_length, frame, header_length);
    uint32_t ip_length = header_length - packet->network + length;
    if (packet->version == 4) {
      patch_ipv4(ip, ip_length, index);
    } else {
      write16(ip + 4, (uint16_t)(ip_length - IPV6_BYTES));
    }
    if (packet->protocol == PROTOCOL_TCP) {
      patch_tcp(transport, offset, index + 1 == count);
    } else {
      patch_udp(transport, transport_header + length);
    }
    uint64_t sum = base + htons((uint16_t)(transport_header + length));
    sum = checksum_add(transport, transport_header, sum);
    sum = checksum_add(payload, length, sum);
    store16(header + packet_check(packet), finish_transport(packet, sum));

    pieces[index].header = (struct iovec){slot, prefix_length + header_length};
    pieces[index].payload = (struct iovec){payload, length};
  }
  return (int)count;
}

int segment_frame(uint8_t *frame, uint32_t length, const struct offload *offload, const uint8_t *prefix,
                  uint32_t prefix_length, struct piece *pieces, int room, uint8_t *scratch) {
  if (room < 1) return SEGMENT_NO_ROOM;
  if (prefix_length > SEGMENT_PREFIX) return SEGMENT_HEADERS;
  if ((offload->gso_type & ~VNET_GSO_ECN) != VNET_GSO_NONE) {
    struct packet packet;
    int fault = packet_parse(frame, length, &packet);
    if (fault == 0) fault = segment_check(frame, length, offload, &packet);
    if (fault < 0) return fault;
    if (packet.end - packet.payload > offload->gso_size) {
      return cut_frame(frame, offload->gso_size, &packet, prefix, prefix_length, pieces, room, scratch);
    }
  }
  if ((offload->flags & VNET_NEEDS_CSUM) != 0) {
    return finish_frame(frame, length, offload, prefix, prefix_length, pieces, scratch);
  }
  return whole_frame(frame, length, prefix, prefix_length, pieces);
}

/* Every fault with its sentence and errno. */
static const struct {
  int fault;
  int error;
  const char *sentence;
} faults[] = {
    {PACKET_SHORT, EBADMSG, "the frame is shorter than its headers"},
    {PACKET_NOT_IP, EPROTO, "an offload was asked for a frame that is not IP"},
    {PACKET_NOT_L4, EPROTO, "an offload was asked for a packet that is neither TCP nor UDP"},
    {PACKET_FRAGMENT, EPROTO, "an offload was asked for an IP fragment"},
    {PACKET_IP_HEADER, EBADMSG, "the IP header's version or length is impossible"},
    {PACKET_IP_LENGTH, EBADMSG, "the IP length is less than the headers or more than the frame"},
    {PACKET_TCP_HEADER, EBADMSG, "the TCP header's length is impossible"},
    {PACKET_UDP_LENGTH, EBADMSG, "the UDP length contradicts the IP length"},
    {SEGMENT_TYPE, EPROTO, "the segmentation type is unknown or not the frame's protocol"},
    {SEGMENT_SIZE, EPROTO, "the segment size is 0"},
    {SEGMENT_CSUM, EPROTO, "the checksum's place contradicts the headers"},
    {SEGMENT_LENGTH, EBADMSG, "the super-frame is longer than its IP packet"},
    {SEGMENT_HEADERS, E2BIG, "the headers are longer than a slot for them"},
    {SEGMENT_TOO_MANY, E2BIG, "the super-frame has too many segments"},
    {SEGMENT_NO_ROOM, ENOBUFS, "there is no room for the segments now"},
    {SEGMENT_FLAGS, EPROTO, "a TCP super-frame carries SYN or RST"},
};

static int find_fault(int fault) {
  for (int i = 0; i < (int)(sizeof faults / sizeof faults[0]); i++) {
    if (faults[i].fault == fault) return i;
  }
  return -1;
}

const char *segment_reason(int fault) {
  int i = find_fault(fault);
  return i < 0 ? "unknown" : faults[i].sentence;
}

int segment_errno(int fault) {
  int i = find_fault(fault);
  return i < 0 ? -EPROTO : -faults[i].error;
}

/*
 * Where the headers of a frame lie: Ethernet, up to two VLAN tags, IPv4 or IPv6, TCP or UDP. This is all
 * that a NIC's offloads parse; what the frame means is decided in TypeScript.
 *
 *   0        12   14 (18, 22)       transport          payload              end        length
 *   | MACs   |type | IPv4 / IPv6 ... | TCP / UDP header | payload ...        | padding  |
 *                  ^ network
 *
 * packet_parse() checks every length once against the frame; what it stores may then be used without checks:
 * network < transport < payload <= end <= length.
 */
#ifndef VTEP_PACKET_H
#define VTEP_PACKET_H

#include <stdint.h>
#include <string.h>

#define ETHERNET_BYTES 14 /* two addresses and a type */
#define VLAN_TAG_BYTES 4  /* IEEE 802.1Q, 802.1ad */
#define IPV4_BYTES 20     /* RFC 791, without options */
#define IPV6_BYTES 40     /* RFC 8200 */
#define TCP_BYTES 20      /* RFC 9293, without options */
#define UDP_BYTES 8       /* RFC 768 */

#define TCP_CHECK 16u /* offset of the checksum within TCP */
#define UDP_CHECK 6u  /* and within UDP */

#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17

/* TCP flags, octet 13 of the header. */
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_URG 0x20
#define TCP_ECE 0x40
#define TCP_CWR 0x80

/** What packet_parse() found besides a whole TCP segment or UDP datagram. All negative. */
enum packet_fault {
  PACKET_SHORT = -1,       /* shorter than the header it must hold next */
  PACKET_NOT_IP = -2,      /* another EtherType, or a third tag: nothing for offloads to do */
  PACKET_NOT_L4 = -3,      /* IP, but neither TCP nor UDP */
  PACKET_FRAGMENT = -4,    /* IP fragment: its checksum covers octets that are elsewhere */
  PACKET_IP_HEADER = -5,   /* version or header length impossible, or an IPv6 extension header overruns */
  PACKET_IP_LENGTH = -6,   /* total length less than its headers, more than the frame, or 0 */
  PACKET_TCP_HEADER = -7,  /* data offset less than 5 words or beyond the packet */
  PACKET_UDP_LENGTH = -8,  /* UDP length other than IP's */
};

/** A parsed frame. Offsets are from the frame's first octet. */
struct packet {
  uint32_t end;       /* one past the last octet of the IP packet; the frame may be longer (padding) */
  uint16_t network;   /* of the IP header: 14, 18 behind a tag, 22 behind two. 0 until IP was recognised */
  uint16_t transport; /* of the TCP or UDP header. Set also for a fault found after IP: where L4 would begin */
  uint16_t payload;   /* one past the TCP or UDP header */
  uint8_t version;    /* 4 or 6; 0 until IP was recognised */
  uint8_t protocol;   /* PROTOCOL_TCP or PROTOCOL_UDP on success; else the last next-header value seen */
  uint8_t options;    /* 1: IPv4 options or IPv6 extension headers lie before the transport header. They may
                         route (RFC 8200, 4.4), so the pseudo-header's destination may not be the header's */
};

/**
 * packet_parse() - Find the headers of a frame.
 * @frame:   Ethernet header first
 * @length:  octets that may be read
 * @packet:  filled as far as parsing came
 * Return: 0, or an enum packet_fault.
 */
int packet_parse(const uint8_t *frame, uint32_t length, struct packet *packet);

/** packet_pseudo() - Sum of the pseudo-header of a parsed packet, for a segment of `length` octets. */
uint64_t packet_pseudo(const uint8_t *frame, const struct packet *packet, uint32_t length);

/** packet_check() - Offset, from the frame's first octet, of the TCP or UDP checksum field. */
static inline uint32_t packet_check(const struct packet *packet) {
  return packet->transport + (packet->protocol == PROTOCOL_TCP ? TCP_CHECK : UDP_CHECK);
}

/**
 * packet_verifies() - Is the TCP or UDP checksum right? Reads the whole packet once.
 * Return: 1 when it is (a UDP checksum of 0 is "none", hence not right: nothing was verified), else 0.
 */
int packet_verifies(const uint8_t *frame, const struct packet *packet);

/* Fields as loaded, without alignment and without change of byte order; and the big-endian readers. */
static inline uint16_t load16(const uint8_t *at) {
  uint16_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static inline uint32_t load32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static inline uint64_t load64(const uint8_t *at) {
  uint64_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static inline void store16(uint8_t *at, uint16_t value) { memcpy(at, &value, sizeof value); }

static inline uint16_t read16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static inline uint32_t read32(const uint8_t *at) {
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void write16(uint8_t *at, uint16_t value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

static inline void write32(uint8_t *at, uint32_t value) {
  write16(at, (uint16_t)(value >> 16));
  write16(at + 2, (uint16_t)value);
}

#endif

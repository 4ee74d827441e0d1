/*
 * The layout that TypeScript and C share. Mirrors lib/memory/batch.ts and lib/memory/slab.ts line for line;
 * test/memory/batch.test.ts fails when they differ. Meaning of each column in each direction: batch.ts.
 */
#ifndef VTEP_BATCH_H
#define VTEP_BATCH_H

enum batch_column {
  OFFSET = 0,
  LENGTH = 1,
  OFFLOAD = 2,
  GSO_SIZE = 3,
  CSUM = 4,
  HEADER = 5,
  PORT = 6,
  PEER_PORT = 7,
  PEER0 = 8,
  PEER1 = 9,
  PEER2 = 10,
  PEER3 = 11,
  LOCAL0 = 12,
  LOCAL1 = 13,
  LOCAL2 = 14,
  LOCAL3 = 15,
  IFINDEX = 16,
  TOS = 17,
  TTL = 18,
  STATUS = 19,
  DEVICE = 20,
  SOURCE_PORT = 21,
  EXTRA = 22,
  COLUMNS = 23,
};

#define HEADROOM 192
#define SLOT_BYTES (65536 + 64)
#define STRIDE (1043 * 64)

/* OFFLOAD column: virtio-net flags in bits 0-7, gso_type in bits 8-15. */
#define NEEDS_CSUM 0x01
#define DATA_VALID 0x02
#define GSO_TCPV4 (1 << 8)
#define GSO_TCPV6 (4 << 8)
#define GSO_UDP_L4 (5 << 8)
#define GSO_ECN (0x80 << 8)
#define GSO_TYPE (0x7f << 8)

#endif

/*
 * A burst of frames for the coalescer, each in memory that ends where it ends, and what came of it. For coalesce-test.c
 * and super-frame-test.c.
 */
#ifndef VTEP_TEST_COALESCE_BURST_H
#define VTEP_TEST_COALESCE_BURST_H

#include "../coalesce.h"
#include "../packet.h"
#include "check.h"
#include "frames.h"

#define MOST 300

extern struct coalescer coalescer;
extern struct arrival arrivals[MOST];
extern struct layout layouts[MOST];
extern uint32_t count;
extern struct iovec iovecs[COALESCE_IOVECS];
extern uint8_t written[70000];

void clear(void);

/* Adds a frame to the burst, in memory that ends where it ends. */
uint8_t *arrive(const struct shape *shape);

/* The next segment or datagram of the same flow. */
void follow(struct shape *shape);

uint32_t coalesce(void);

const struct item *item(uint32_t index);

/* The frame of item `index` as the kernel gets it, in `written`; returns its length. */
uint32_t write_out(uint32_t index);

int vnet16(const struct item *item, int at);

int is_silent(const struct item *item);

#endif

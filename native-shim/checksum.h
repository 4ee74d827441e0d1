/*
 * Internet checksum (RFC 1071): the 16-bit one's complement sum, computed 64 bits at a time.
 *
 * Sums are kept in *memory order*: the octets are added as the machine loads them, and a folded sum stored
 * back with a plain 16-bit store has the octets of the network-order value (RFC 1071, section 2 (B): the sum
 * is independent of byte order). So no swap is made anywhere, and a constant that enters a sum (protocol,
 * length) is passed through htons first.
 *
 * A sum is a uint64_t that may be carried on: add ranges one after another, fold once. Each range but the
 * last must have an even number of octets; start addresses may be odd.
 *
 *   uint64_t sum = checksum_pseudo4(ip + 12, 6, tcp_length);
 *   sum = checksum_add(tcp, tcp_length, sum);            // checksum field still zero
 *   uint16_t check = checksum_finish(sum);               // store as it is, 2 octets
 */
#ifndef VTEP_CHECKSUM_H
#define VTEP_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/**
 * checksum_add() - Add a range to a sum.
 * @bytes:   any alignment
 * @length:  octets; an odd last octet counts as if a zero octet followed (RFC 1071, section 1)
 * @sum:     what was summed so far, 0 to begin
 * Return: the new sum. Cannot overflow within 2^32 octets in all.
 */
uint64_t checksum_add(const void *bytes, size_t length, uint64_t sum);

/**
 * checksum_fold() - Reduce a sum to 16 bits, not complemented.
 * Return: 0 only when every octet added was zero; otherwise 1 to 0xffff (0xffff is the other zero).
 */
uint16_t checksum_fold(uint64_t sum);

/** checksum_finish() - The value for a checksum field: the folded sum's complement. */
uint16_t checksum_finish(uint64_t sum);

/** checksum_finish_udp() - The same for UDP, where 0 means "none" and 0xffff stands for 0 (RFC 768). */
uint16_t checksum_finish_udp(uint64_t sum);

/**
 * checksum_pseudo4() - Sum of the pseudo-header of TCP or UDP over IPv4 (RFC 9293, section 3.1).
 * @addresses:  source and destination, 8 octets in a row: IPv4 header + 12
 * @protocol:   6 or 17
 * @length:     octets of TCP or UDP, header and payload; host order
 */
uint64_t checksum_pseudo4(const uint8_t *addresses, uint8_t protocol, uint32_t length);

/**
 * checksum_pseudo6() - Sum of the pseudo-header over IPv6 (RFC 8200, section 8.1).
 * @addresses:  source and destination, 32 octets in a row: IPv6 header + 8
 */
uint64_t checksum_pseudo6(const uint8_t *addresses, uint8_t protocol, uint32_t length);

/**
 * checksum_replace() - A checksum field after one 16-bit field it covers has changed (RFC 1624, equation 3).
 * @check:  the field's present value, as loaded from memory
 * @from:   the changed field's old value, as loaded from memory
 * @to:     its new value, likewise
 * Return: the new value of the checksum field. For UDP the caller leaves a field of 0 alone.
 */
uint16_t checksum_replace(uint16_t check, uint16_t from, uint16_t to);

#endif

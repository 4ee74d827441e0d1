/*
 * A NETLINK_ROUTE socket that moves whole datagrams; what they say is TypeScript's business (rtnetlink(7)).
 */
#ifndef VTEP_NETLINK_H
#define VTEP_NETLINK_H

#include <stdint.h>

/**
 * netlink_open() - Opens a non-blocking socket, 1 MiB of receive buffer where allowed.
 * @groups:  RTNLGRP_* numbers to join
 * @count:   how many
 * @netns:   path, or NULL = the caller's namespace
 * Return: descriptor or -errno.
 */
int netlink_open(const uint32_t *groups, uint32_t count, const char *netns);

/**
 * netlink_send() - Sends one datagram.
 * @group:  0 = to the kernel; 1 to 32 = to the members of that group (privileged). The kernel is handed a
 *          copy too and acts on messages with NLM_F_REQUEST, so notifications must not have that flag
 * Return: octets or -errno.
 */
int netlink_send(int fd, const void *message, uint32_t length, uint32_t group);

/**
 * netlink_receive() - Receives one datagram without waiting.
 * Return: octets, -EAGAIN, -ENOBUFS (the kernel dropped messages: dump again), -EMSGSIZE (did not fit; it is lost).
 */
int netlink_receive(int fd, void *buffer, uint32_t length);

#endif

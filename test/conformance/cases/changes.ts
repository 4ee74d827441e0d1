/** What `link set … type vxlan` changes and refuses, and how devices share ports and VNIs. */
import type { Case, Group } from '../case.js';
import { change, links } from '../kinds.js';
import { TTL_INHERIT } from './options.js';

const changes = (options: string, ...words: string[]): Case[] => words.map((each) => change(options, each));

export const CHANGES: Group = {
  title: 'Changing a device',
  says: '`link set vx0 type vxlan …` on a device made with the options in front: the verdict, the options, the FDB.',
  cases: [
    ...changes(
      'id 1',
      'ttl 64',
      'ttl 0',
      'ttl inherit',
      'tos 10',
      'tos inherit',
      'df set',
      'df inherit',
      'nolearning',
      'ageing 30',
      'ageing 0',
      'local 192.168.100.1',
      'remote 192.168.100.3',
      'remote fd00:100::3',
      'local fd00:100::1',
      'group 239.1.1.1',
      'group 239.1.1.1 dev eth0',
      'dev eth0',
      'dev nope',
      'id 2',
      'id 1',
      'dstport 4790',
      'dstport 4789',
      'srcport 5000 6000',
      'proxy',
      'noproxy',
      'rsc',
      'l2miss',
      'l3miss',
      'udpcsum',
      'noudpcsum',
      'udp6zerocsumtx',
      'udp6zerocsumrx',
      'maxaddress 5',
      'flowlabel 5',
      '',
    ),
    change('id 1 ttl inherit', 'tos 4', { deviation: TTL_INHERIT }),
    change('id 1 ttl inherit', 'ttl 5', {
      deviation: 'a TTL given later ends inheriting; the kernel accepts it and goes on inheriting',
    }),
    ...changes('id 1 ttl 7 tos 8 df set', 'ageing 20', 'ttl auto', 'tos 0', 'df unset'),
    ...changes('id 1 nolearning', 'learning', 'ttl 3'),
    ...changes(
      'id 1 remote 192.168.100.3',
      'remote 192.168.100.4',
      'remote 192.168.100.3',
      'remote 0.0.0.0',
      'local 192.168.100.1',
      'ttl 5',
      'group 239.1.1.1 dev eth0',
    ),
    ...changes('id 1 local 192.168.100.1', 'local 192.168.100.2', 'local 0.0.0.0', 'remote 192.168.100.3'),
    ...changes(
      'id 1 remote fd00:100::3',
      'remote fd00:100::4',
      'remote 192.168.100.3',
      'flowlabel 0x12345',
      'local fd00:100::1',
    ),
    ...changes('id 1 dev eth0', 'dev lower2', 'remote 192.168.100.3'),
    ...changes('id 1 proxy l2miss', 'noproxy', 'proxy', 'nol2miss', 'ttl 9'),
    links(
      'two zero entries; set remote to one of them',
      [
        'link add vx0 up type vxlan id 1 dstport 4789 remote 192.168.100.3',
        'fdb append 00:00:00:00:00:00 dst 192.168.100.4 dev vx0',
        'link set vx0 type vxlan remote 192.168.100.4',
      ],
      ['vx0'],
    ),
    ...[
      'mtu 1400',
      'mtu 67',
      'mtu 1500',
      'mtu 9000',
      'mtu 65521',
      'mtu 65536',
      'address 02:00:00:00:00:99',
      'address 01:00:00:00:00:99',
      'up',
      'down',
    ].flatMap((words) => [
      links(
        `link set vx0 ${words}`,
        ['link add vx0 type vxlan id 1 dstport 4789', `link set vx0 ${words}`],
        ['vx0'],
      ),
    ]),
    ...['mtu 1450', 'mtu 1451', 'mtu 1000'].map((words) =>
      links(
        `dev eth0; link set vx0 ${words}`,
        ['link add vx0 type vxlan id 1 dstport 4789 dev eth0', `link set vx0 ${words}`],
        ['vx0'],
      ),
    ),
    links(
      'link set vx0 mtu 65535',
      ['link add vx0 type vxlan id 1 dstport 4789', 'link set vx0 mtu 65535'],
      ['vx0'],
      {
        deviation: 'a TAP can have an MTU of 65521 at most: 65535 less the Ethernet header',
      },
    ),
    links(
      'a lower device: itself, and what stands on it',
      [
        'link add vx0 type vxlan id 1 dstport 4789 dev eth0',
        'link set vx0 type vxlan dev vx0',
        'link add vx1 type vxlan id 2 dstport 4789 dev vx0',
        'link set vx0 type vxlan dev vx1',
        'link set vx1 type vxlan dev vx1',
        'link set vx1 type vxlan dev lower2',
        'link set vx0 type vxlan dev vx1',
      ],
      ['vx0', 'vx1'],
    ),
    links('link set nope up', ['link set nope up']),
    links('link del nope', ['link del nope']),
    links('link del vx0; link del vx0', [
      'link add vx0 type vxlan id 1 dstport 4789',
      'link del vx0',
      'link del vx0',
    ]),
  ],
};

/** Two devices, one after the other. */
const pair = (first: string, second: string): Case =>
  links(
    `vx0 ${first}; vx1 ${second}`,
    [
      `link add vx0 type vxlan ${first}`,
      `link add vx1 type vxlan ${second}`,
      'link set vx0 up',
      'link set vx1 up',
    ],
    ['vx1'],
  );

export const SHARING: Group = {
  title: 'Ports and VNIs shared by devices',
  says: 'Two devices are added, then both are set up: four verdicts, and what the second is.',
  cases: [
    pair('id 1 dstport 4789', 'id 2 dstport 4789'),
    pair('id 1 dstport 4789', 'id 1 dstport 4789'),
    pair('id 1 dstport 4789', 'id 1 dstport 4790'),
    pair('id 1 dstport 4789 local 192.168.100.1', 'id 1 dstport 4789 local 192.168.100.2'),
    pair('id 1 dstport 4789 remote 192.168.100.3', 'id 1 dstport 4789 remote 192.168.100.4'),
    pair('id 1 dstport 4789', 'id 1 dstport 4789 local fd00:100::1'),
    pair('id 1 dstport 4789 local fd00:100::1', 'id 1 dstport 4789 remote fd00:100::3'),
    pair('id 1 dstport 4789 local fd00:100::1', 'id 2 dstport 4789 local fd00:100::1 udp6zerocsumrx'),
    pair('id 1 dstport 4789 local fd00:100::1', 'id 1 dstport 4789 local fd00:100::1 udp6zerocsumrx'),
    pair('id 1 dstport 4789', 'id 2 dstport 4789 udp6zerocsumrx'),
    pair('id 1 dstport 4789', 'id 2 dstport 4789 nolearning proxy ttl 5'),
    pair('id 1 dstport 4789 dev eth0', 'id 1 dstport 4789 dev lower2'),
    pair('id 0 dstport 4789', 'id 0 dstport 4789'),
    links(
      'the same name twice',
      ['link add vx0 type vxlan id 1 dstport 4789', 'link add vx0 type vxlan id 2 dstport 4789'],
      ['vx0'],
    ),
    links(
      'a VNI is free again once its device is gone',
      [
        'link add vx0 up type vxlan id 1 dstport 4789',
        'link del vx0',
        'link add vx0 up type vxlan id 1 dstport 4789',
      ],
      ['vx0'],
    ),
  ],
};

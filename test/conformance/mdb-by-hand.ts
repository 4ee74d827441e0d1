/** `bridge mdb` on the kernel's device, which versions of iproute2 before 6.5 cannot. */
import { ENODEV } from '../../lib/native/errno.js';
import { load } from '../../lib/native/load.js';
import { ask, getLink } from '../../lib/native/netlink/request.js';
import { type MdbFields, mdbRequest, type MdbVerb } from '../support/mdb-request.js';

/** Words of `bridge mdb` and what they are in a request. */
const MDB_FIELDS: Readonly<Record<string, (value: string) => MdbFields>> = {
  grp: (group) => ({ group }),
  src: (source) => ({ source }),
  filter_mode: (mode) => ({ filterMode: mode as 'include' | 'exclude' }),
  source_list: (list) => ({ sources: list.split(',') }),
  dst: (dst) => ({ dst }),
  dst_port: (port) => ({ port: Number(port) }),
  vni: (vni) => ({ vni: Number(vni) }),
  via: (via) => ({ via }),
  proto: (protocol) => ({ protocol: Number(protocol) }),
};

/**
 * `mdb add|replace|del|flush dev NAME port NAME …`.
 * @returns 0 or -errno
 */
export function mdbByHand(netns: string, [, verb, ...words]: readonly string[]): number {
  const path = `/run/netns/${netns}`;
  const index = (name: string): number => getLink(load(), name, path)?.ifindex ?? 0;
  let [dev, fields]: [string, MdbFields] = ['', {}];
  for (let i = 0; i < words.length; i += 2) {
    const [word, value] = [words[i]!, words[i + 1]!];
    if (word === 'dev') dev = value;
    else if (word !== 'port') fields = { ...fields, ...MDB_FIELDS[word]!(value) };
  }
  if (index(dev) === 0) return ENODEV;
  const request = mdbRequest(
    (verb === 'del' ? 'delete' : verb) as MdbVerb,
    fields,
    index(dev),
    fields.via === undefined ? 0 : index(fields.via),
  );
  return ask(load(), request, path).result;
}

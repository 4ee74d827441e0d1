/** `vtep link add|set|delete|show`: the words of `ip link` for type vxlan. */
import { isAny, isHostName } from '../../control/address.js';
import type { Client, NamedLinkState, NewLink } from '../../control/client.js';
import type { LinkChange, LinkConfig } from '../../engine/types.js';
import { isNoDaemon, VtepError } from '../../errors.js';
import { CommandFailure, wrong } from '../failure.js';
import { linkJson, linkLines } from '../format/link.js';
import { netdevOf } from '../netdev.js';
import type { Session } from '../session.js';
import { familyOfText } from '../values.js';

/** Words of `link add` and `link set`: LinkConfig's, and those that are not the VTEP's own. */
interface LinkWords extends Partial<LinkConfig> {
  up?: boolean;
  link?: string;
  type?: 'vxlan';
}

/** The device's own words: what is left when `up`, `link` and `type` are taken off. */
function configOf(words: LinkWords): Partial<LinkConfig> {
  const { up: _up, link: _link, type: _type, ...config } = words;
  return config;
}

/** Contradictions that iproute2 finds before it asks the kernel. */
function checkDestination(words: LinkWords): void {
  const { group, remote, local, dev } = words;
  if (group !== undefined && remote !== undefined)
    throw wrong(
      `"group ${group}" and "remote ${remote}" exclude each other: a device has one default destination`,
    );
  if (group !== undefined && dev === undefined)
    throw wrong(`"group ${group}" requires "dev": the interface on which the group is joined`);
  const to = group ?? remote;
  if (to !== undefined && local !== undefined && !isHostName(to) && familyOfText(to) !== familyOfText(local))
    throw wrong(`"local ${local}" and "${to}" are of different families: expected both IPv4 or both IPv6`);
}

/** One VNI or many, in the words of iproute2. */
function checkVnis({ id, external, vnifilter }: LinkWords): void {
  if (vnifilter && !external) throw wrong("vnifilter is valid only when 'external' is set");
  if (external && id !== undefined) throw wrong("both 'external' and vni cannot be specified");
  if (!external && id === undefined)
    throw wrong('Not enough information: "id" is required, a number from 0 to 16777215');
}

/** What `link add` sends: a default is left to the daemon. -4 and -6 choose among the addresses of a name. */
function newLink(words: LinkWords, family: 4 | 6 | undefined): NewLink {
  const config: Partial<NewLink> = configOf(words);
  if (family !== undefined && isHostName(config.remote ?? '')) config.family = family;
  if (config.dstport === 0) delete config.dstport;
  for (const key of ['remote', 'local'] as const) if (isAny(config[key] ?? '')) delete config[key];
  return config as NewLink;
}

function warn(session: Session, words: LinkWords): void {
  if (words.dstport === undefined && words.gpe !== true)
    session.streams.err(
      'vxlan: destination port not specified: 8472 as in Linux; "dstport 4789" is the IANA assigned one, "dstport 0" silences this\n',
    );
  if (words.link !== undefined)
    session.streams.err(
      `vxlan: "link ${words.link}" is ignored, as by the kernel: "type vxlan … dev ${words.link}" is meant\n`,
    );
}

/** `link add … up` is one command: when it cannot come up it is not there either. */
async function bringUp(client: Client, name: string): Promise<void> {
  try {
    await client.setLink(name, { up: true });
  } catch (error) {
    await client.deleteLink(name).catch(() => {});
    throw error;
  }
}

export async function add(session: Session, words: LinkWords): Promise<void> {
  checkVnis(words);
  checkDestination(words);
  const config = newLink(words, session.options.family);
  warn(session, words);
  const client = await session.startedClient();
  session.dev = words.dev;
  await client.addLink(config);
  if (words.up === true) await bringUp(client, config.name);
}

export async function set(session: Session, words: LinkWords & { name: string }): Promise<void> {
  const { name, ...change } = configOf(words) as LinkChange & { name: string };
  if (words.type !== undefined && !Object.keys(change).some((key) => key !== 'mtu' && key !== 'address'))
    throw wrong('Command line is not complete: "type vxlan" expects what to change');
  const body = words.up === undefined ? change : { ...change, up: words.up };
  await session.about(name, (client) => client.setLink(name, body));
}

export async function del(session: Session, words: { name: string }): Promise<void> {
  await session.about(words.name, (client) => client.deleteLink(words.name));
}

interface ShowWords {
  name?: string;
  up?: true;
}

async function states(session: Session, dev: string | undefined): Promise<NamedLinkState[]> {
  try {
    const client = await session.client();
    return dev === undefined ? await client.links() : [await client.link(dev)];
  } catch (error) {
    const absent = isNoDaemon(error) || (error instanceof VtepError && error.code === 'ERR_VTEP_NO_DEVICE');
    if (!absent) throw error;
    if (dev === undefined) return [];
    throw new CommandFailure(`Device "${dev}" does not exist.`);
  }
}

export async function show(session: Session, words: ShowWords): Promise<void> {
  const { details, statistics: level, oneline } = session.options;
  const links = (await states(session, words.name)).filter((link) => words.up === undefined || link.up);
  const lines: string[] = [];
  const records: unknown[] = [];
  for (const link of links) {
    const netdev = netdevOf(link);
    const more = level === 0 ? { lines: [], record: {} } : await statisticsOf(session, link.name, level);
    lines.push([...linkLines(link, netdev, details), ...more.lines].join(oneline ? '\\' : '\n'));
    records.push({ ...linkJson(link, netdev, details), ...more.record });
  }
  session.show(lines, records);
}

async function statisticsOf(session: Session, dev: string, level: number) {
  const { statisticsJson, statisticsLines } = await import('../format/statistics.js');
  const statistics = await (await session.client()).statistics(dev);
  return { lines: statisticsLines(statistics, level), record: statisticsJson(statistics, level) };
}

/** `vtep vni add|delete|show`: the words of `bridge vni`. */
import type { NamedVniEntry } from '../../control/client.js';
import type { VniRequest } from '../../engine/types.js';
import { VtepError } from '../../errors.js';
import { VNI_HEAD, vniJson, vniLines } from '../format/vni.js';
import type { Session } from '../session.js';

export async function add(session: Session, words: VniRequest & { dev: string }): Promise<void> {
  const { dev, ...request } = words;
  await session.about(dev, (client) => client.addVnis(dev, request));
}

export async function del(session: Session, { dev, vnis }: VniRequest & { dev: string }): Promise<void> {
  await session.about(dev, (client) => client.deleteVnis(dev, vnis));
}

/** The VNIs of a device; of one of many, none where it has but one. */
async function vnisOf(session: Session, dev: string, isNamed: boolean): Promise<NamedVniEntry[] | undefined> {
  try {
    return await session.about(dev, (client) => client.vnis(dev));
  } catch (error) {
    const isOther = error instanceof VtepError && error.code === 'ERR_VTEP_UNSUPPORTED';
    if (isOther && !isNamed) return undefined;
    throw error;
  }
}

export async function show(session: Session, words: { dev?: string }): Promise<void> {
  const { statistics, details } = session.options;
  const isWithCounters = statistics > 0;
  const lines: string[] = [VNI_HEAD];
  const records: unknown[] = [];
  for (const dev of await session.devices(words.dev)) {
    const entries = await vnisOf(session, dev, words.dev !== undefined);
    if (entries === undefined || entries.length === 0) continue;
    lines.push(...vniLines(dev, entries, isWithCounters, details));
    records.push(vniJson(dev, entries, isWithCounters));
  }
  session.show(lines, records);
}

/** `vtep remote show`: those a VTEP sends to and hears from. */
import { isMulticast } from '../../control/address.js';
import type { RemoteEntry } from '../../engine/types.js';
import { hasCounted, othersJson, othersLines, remoteJson, remoteLines } from '../format/remote.js';
import type { Session } from '../session.js';
import { familyOfText } from '../values.js';

export async function show(session: Session, words: { dev?: string }): Promise<void> {
  const { family, oneline, statistics: level } = session.options;
  const lines: string[] = [];
  const records: unknown[] = [];
  const isShown = ({ dst }: RemoteEntry): boolean => family === undefined || familyOfText(dst) === family;
  for (const device of await session.devices(words.dev)) {
    const { remotes, others } = await session.about(device, (client) => client.remotes(device));
    const dev = words.dev === undefined ? device : undefined;
    const add = (text: readonly string[], record: unknown): void => {
      lines.push(text.join(oneline ? '\\' : '\n'));
      records.push(record);
    };
    for (const remote of remotes.filter(isShown)) {
      const isGroup = isMulticast(remote.dst);
      add(remoteLines(remote, isGroup, dev, level), remoteJson(remote, isGroup, dev, level));
    }
    if (level > 0 && others !== undefined && hasCounted(others)) {
      add(othersLines(others, dev), othersJson(others, dev));
    }
  }
  session.show(lines, records);
}

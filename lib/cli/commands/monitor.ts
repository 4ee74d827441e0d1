/** `vtep monitor [all|link|fdb|mdb|neigh|nexthop|route|vni|miss] [label] [dev DEV]`: events until interrupted. */
import type { EventType, MonitorEvent } from '../../control/client.js';
import { isNoDaemon } from '../../errors.js';
import { CommandFailure } from '../failure.js';
import { jsonText } from '../format/json.js';
import { monitorJson, monitorText, timestampText } from '../format/monitor.js';
import type { Session } from '../session.js';

type Words = { [K in EventType]?: true } & { all?: true; label?: true; dev?: string };

const TYPES: readonly EventType[] = ['link', 'fdb', 'mdb', 'neigh', 'nexthop', 'route', 'vni', 'miss'];

/** Microseconds since the epoch; Date alone has milliseconds. */
const nowMicroseconds = (): number => (performance.timeOrigin + performance.now()) * 1000;

function print(session: Session, event: MonitorEvent, labelled: boolean): void {
  const { json, pretty, timestamp, oneline } = session.options;
  const now = nowMicroseconds();
  if (json) {
    const time = timestamp === undefined ? undefined : new Date(now / 1000).toISOString();
    session.streams.out(`${jsonText(monitorJson(event, time), pretty)}\n`);
    return;
  }
  const text = monitorText(event, labelled);
  session.streams.out(`${timestampText(timestamp, now)}${oneline ? text.replaceAll('\n', '\\') : text}\n`);
}

export async function run(session: Session, words: Words): Promise<void> {
  const chosen = TYPES.filter((type) => words[type]);
  const types = words.all || chosen.length === 0 ? TYPES : chosen;
  const labelled = words.all === true || words.label === true;
  const client = await session.client();
  const hear = (event: MonitorEvent): void => {
    const dev = 'dev' in event ? event.dev : undefined;
    if (event.type === 'lost' || words.dev === undefined || dev === words.dev)
      print(session, event, labelled);
  };
  const stream = await client.monitor(types, hear).catch((error: unknown) => {
    if (!isNoDaemon(error)) throw error;
    throw new CommandFailure(
      'Error: no vtep daemon runs in this network namespace; `vtep link add` or `vtep daemon` starts one',
      1,
      error,
    );
  });
  await stream.closed;
}

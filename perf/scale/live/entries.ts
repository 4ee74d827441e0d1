/** Many FDB entries for a VTEP of either kind: through the daemon's bulk call, or bridge(8)'s batch mode. */
import type { Host } from '../../../test/support/lab/host.js';

export interface Entry {
  mac: string;
  dst: string;
}

/** What the daemon takes in one call, and what one batch of bridge(8) is given. */
export const CHUNK = 10_000;

const octets = (value: number, count: number): string[] =>
  Array.from({ length: count }, (_, k) =>
    Math.floor((value / 256 ** (count - 1 - k)) % 256)
      .toString(16)
      .padStart(2, '0'),
  );

/**
 * MAC number `n` of a series. The group bit is set on purpose: IP takes in what came to a group MAC if the address is its
 * own, so that one host can stand for all of them.
 */
export const groupMac = (n: number): string => ['03', '00', ...octets(n, 4)].join(':');

/** Address number `n`, from 0, behind `prefix`, such as 10.99. */
export const numbered = (prefix: string, n: number): string => `${prefix}.${(n + 1) >>> 8}.${(n + 1) & 255}`;

/** Lines for `ip -batch` or `bridge -batch` in a host's namespace. */
export async function batch(program: 'ip' | 'bridge', host: Host, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  await host.namespace.command([program, '-n', host.namespace.name, '-batch', '-'], {
    input: `${lines.join('\n')}\n`,
    quiet: true,
    timeout: 120_000,
  });
}

/** `verb` 'append' gives the all-zeros MAC another remote; other MACs are added. */
export async function setEntries(
  host: Host,
  count: number,
  entry: (n: number) => Entry,
  verb: 'add' | 'append' = 'add',
): Promise<void> {
  const client = host.kind === 'uvtep' ? host.daemon() : undefined;
  for (let first = 0; first < count; first += CHUNK) {
    const chunk = Array.from({ length: Math.min(CHUNK, count - first) }, (_, k) => entry(first + k));
    if (client)
      await client.setFdbBulk(
        'vtep0',
        chunk.map((one) => ({ verb, ...one })),
      );
    else
      await batch(
        'bridge',
        host,
        chunk.map(({ mac, dst }) => `fdb ${verb} ${mac} dev vtep0 dst ${dst} self permanent`),
      );
  }
  client?.close();
}

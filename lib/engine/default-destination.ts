/**
 * The default destination of a VTEP (`remote` or `group`): the all-zeros FDB entry, of each VNI where there are many, and
 * the membership of a group.
 */
import type { Attachment } from './attachment.js';
import type { Forwarding } from './forwarding.js';
import type { System } from './system.js';
import type { LinkConfig } from './types.js';
import type { VniFilter } from './vni-filter.js';

export class DefaultDestination {
  readonly #fdb: Forwarding;
  readonly #attachment: Attachment;
  readonly #system: System;
  readonly #vnis: VniFilter | undefined;

  constructor(fdb: Forwarding, attachment: Attachment, system: System, vnis: VniFilter | undefined) {
    this.#fdb = fdb;
    this.#attachment = attachment;
    this.#system = system;
    this.#vnis = vnis;
  }

  /** Of a new VTEP. */
  begin(config: LinkConfig): void {
    const dst = config.remote ?? config.group;
    if (dst !== undefined) this.#fdb.addDefault(dst, this.ifindex(config));
  }

  /**
   * Takes what changed options need, or throws and has changed nothing. The new destination is appended before the old one
   * goes; entries added by hand stay.
   */
  change(before: LinkConfig, next: LinkConfig): void {
    const from = before.remote ?? before.group;
    const to = next.remote ?? next.group;
    if (from === to && before.dev === next.dev) return;
    const [old, ifindex] = [this.ifindex(before), this.ifindex(next)];
    try {
      this.#attachment.join(next);
      if (to !== undefined) this.#fdb.addDefault(to, ifindex);
      this.#vnis?.redirect({ dst: from, ifindex: old }, { dst: to, ifindex });
    } catch (error) {
      this.#attachment.join(before);
      throw error;
    }
    if (from !== undefined) this.#fdb.removeDefault(from, old);
  }

  /** Of the underlay interface, 0 = none. */
  ifindex(config: LinkConfig): number {
    return config.dev === undefined ? 0 : this.#system.indexOf(config.dev);
  }
}

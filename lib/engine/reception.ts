/** What a VTEP receives while it is up: its VNI, or its many, from the listener of its port. */
import type { Attachment } from './attachment.js';
import type { LinkConfig } from './types.js';
import type { VniFilter } from './vni-filter.js';
import type { WorkerLink } from './worker-link.js';

export class Reception {
  readonly #attachment: Attachment;
  readonly #workers: WorkerLink;
  readonly #vnis: VniFilter | undefined;

  constructor(attachment: Attachment, workers: WorkerLink, vnis: VniFilter | undefined) {
    this.#attachment = attachment;
    this.#workers = workers;
    this.#vnis = vnis;
  }

  /** Opens sockets and joins groups, or throws and holds nothing. */
  open(config: LinkConfig): void {
    const listener = this.#attachment.open(config);
    try {
      this.#vnis?.open(listener);
    } catch (error) {
      this.#attachment.close();
      throw error;
    }
  }

  begin(id: number): void {
    const listener = this.#attachment.listener!;
    if (this.#vnis === undefined) return this.#workers.listen(listener, id);
    this.#workers.hold(listener);
    this.#vnis.listen();
  }

  end(id: number): void {
    const listener = this.#attachment.listener!;
    if (this.#vnis === undefined) return this.#workers.unlisten(listener, id);
    this.#workers.unhold(listener);
    this.#vnis.close();
  }
}

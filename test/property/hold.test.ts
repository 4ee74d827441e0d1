/**
 * `hold` under any sequence of frames, entries that come and go, and time: for each destination what leaves is in the order
 * it came, nothing leaves twice, and every frame has left, waits, or is counted.
 */
import fc from 'fast-check';
import t from 'tap';
import { MemoryHost, NEAR, PEER } from '../support/memory-host.js';
import { udpFrame } from '../support/packets.js';

const ROUTER = '02:00:00:00:0a:0a';
const mac = (n: number): string => `02:00:00:00:02:0${n}`;
const ip = (n: number): string => `10.20.2.${n}`;

/** To a guest's MAC, or by the router's to an address, whose neighbour has one of the same MACs. */
const destination = fc.record({ routed: fc.boolean(), n: fc.integer({ min: 1, max: 3 }) });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), to: fc.array(destination, { maxLength: 6 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('fdb' as const, 'neigh' as const), n: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('nofdb' as const, 'noneigh' as const), n: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), ticks: fc.integer({ min: 1, max: 8 }) }) },
); // prettier-ignore

class Bed {
  readonly host = new MemoryHost({ l2miss: true, l3miss: true, rsc: true, hold: 3, holdtime: 1_000 });
  readonly #last = new Map<string, number>();
  sent = 0;
  left = 0;

  constructor() {
    this.host.vtep.fdb.set({ verb: 'add', mac: ROUTER, dst: '0.0.0.0', router: true });
  }

  send(to: readonly { routed: boolean; n: number }[]): void {
    for (const { routed, n } of to) {
      const frame = routed
        ? udpFrame(ROUTER, NEAR, { dst: ip(n) })
        : udpFrame(mac(n), NEAR, { dst: '10.9.9.9' });
      const number = this.sent++;
      frame.set([number >> 8, number & 255], frame.length - 2);
      this.host.system.frames('vtep0').send(frame);
    }
  }

  /** An entry comes before the frames of this step are received, or goes. */
  act(action: 'fdb' | 'neigh' | 'nofdb' | 'noneigh', n: number): void {
    const { fdb, neighbours } = this.host.vtep;
    if (action === 'fdb') fdb.set({ verb: 'replace', mac: mac(n), dst: PEER });
    else if (action === 'neigh') neighbours.set({ verb: 'replace', dst: ip(n), lladdr: mac(n) });
    else if (action === 'nofdb' && fdb.get(mac(n)) !== undefined) fdb.delete({ mac: mac(n) });
    else if (action === 'noneigh' && neighbours.get(ip(n)) !== undefined) neighbours.delete(ip(n));
  }

  run(): void {
    this.host.engine.poll();
    for (const { payload } of this.host.system.underlay.take()) {
      this.left++;
      const key = payload.slice(8 + 30, 8 + 34).join('.') + payload.slice(8, 14).join(':');
      const number = (payload.at(-2)! << 8) | payload.at(-1)!;
      if (number <= (this.#last.get(key) ?? -1))
        throw new Error(`frame ${number} to ${key} after a later one`);
      this.#last.set(key, number);
    }
  }

  check(): void {
    const { reasons, events } = this.host.vtep.statistics();
    const waiting = events['held']! - events['released']! - reasons['hold_timeout']!;
    const dropped = Object.values(reasons).reduce((sum, count) => sum + count, 0);
    if (this.left + dropped + waiting !== this.sent) {
      throw new Error(`${this.sent} sent, ${this.left} left, ${dropped} dropped, ${waiting} wait`);
    }
    const other = dropped - reasons['hold_timeout']! - reasons['hold_full']!;
    if (other !== 0) throw new Error(`${other} were dropped for another reason`);
  }
}

t.test('order, and an account of every frame', async (t) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
      const bed = new Bed();
      for (const one of steps) {
        if (one.do === 'send') bed.send(one.to);
        else if (one.do === 'pass') bed.host.clock.ticks += one.ticks;
        else bed.act(one.do, one.n);
        // Frames that were sent may still lie in the interface when an entry comes.
        if (one.do !== 'fdb') bed.run();
        if (one.do !== 'fdb') bed.check();
      }
      for (const n of [1, 2, 3]) for (const action of ['fdb', 'neigh'] as const) bed.act(action, n);
      bed.run();
      bed.check();
      bed.host.clock.ticks += 12;
      bed.run();
      const { reasons, events } = bed.host.vtep.statistics();
      if (events['held'] !== events['released']! + reasons['hold_timeout']!)
        throw new Error('some wait for ever');
    }),
    { numRuns: 150 },
  );
  t.pass('150 sequences');
});

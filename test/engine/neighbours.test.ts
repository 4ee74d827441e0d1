/** The verbs of `ip neigh` on a VTEP's own table, and the mirror beside them. */
import t from 'tap';
import type { NeighbourStateName } from '../../lib/engine/types.js';
import { FAR, MemoryHost, NEAR } from '../support/memory-host.js';

const DST = '10.0.0.2';
const refusal = (code: string, errno: string) => ({ code: `ERR_VTEP_${code}`, errno });
const actions = (host: MemoryHost) =>
  host
    .events()
    .flatMap((event) =>
      event.type === 'neigh' ? [`${event.action} ${event.entry.dst} ${event.entry.lladdr}`] : [],
    );

t.test('add, replace, change, delete', async (t) => {
  const host = new MemoryHost();
  const { neighbours } = host.vtep;
  t.throws(() => neighbours.set({ verb: 'change', dst: DST, lladdr: FAR }), refusal('NO_ENTRY', 'ENOENT'));
  neighbours.set({ verb: 'add', dst: DST, lladdr: FAR });
  t.throws(() => neighbours.set({ verb: 'add', dst: DST, lladdr: NEAR }), refusal('EXISTS', 'EEXIST'));
  t.same(neighbours.get(DST), {
    dst: DST,
    lladdr: FAR,
    state: 'permanent',
    router: false,
    externLearn: false,
    origin: 'own',
    used: 0,
    updated: 0,
  });
  neighbours.set({
    verb: 'replace',
    dst: DST,
    lladdr: NEAR,
    state: 'stale',
    router: true,
    externLearn: true,
  });
  t.match(neighbours.get(DST), { lladdr: NEAR, state: 'stale', router: true, externLearn: true });
  neighbours.set({ verb: 'change', dst: DST, lladdr: FAR });
  neighbours.delete(DST);
  t.throws(() => neighbours.delete(DST), refusal('NO_ENTRY', 'ENOENT'));
  t.same(actions(host), [
    `new ${DST} ${FAR}`,
    `new ${DST} ${NEAR}`,
    `new ${DST} ${FAR}`,
    `del ${DST} ${FAR}`,
  ]);
});

t.test('both families, canonical addresses, every state', async (t) => {
  const host = new MemoryHost();
  const { neighbours } = host.vtep;
  neighbours.set({ verb: 'add', dst: 'FD00:0::2', lladdr: FAR.toUpperCase() });
  t.match(neighbours.get('fd00::2'), { dst: 'fd00::2', lladdr: FAR });
  const states: NeighbourStateName[] = [
    'permanent',
    'noarp',
    'reachable',
    'stale',
    'delay',
    'probe',
    'incomplete',
    'failed',
  ];
  for (const state of states) {
    neighbours.set({ verb: 'replace', dst: DST, lladdr: FAR, state });
    t.equal(neighbours.get(DST)?.state, state);
  }
  t.same(
    neighbours.list().map(({ dst }) => dst),
    [DST, 'fd00::2'],
    'newest first',
  );
});

t.test('refused arguments', async (t) => {
  const host = new MemoryHost();
  const { neighbours } = host.vtep;
  t.throws(() => neighbours.set({ verb: 'add', dst: '10.0.0', lladdr: FAR }), refusal('ARGUMENT', 'EINVAL'));
  t.throws(() => neighbours.set({ verb: 'add', dst: DST, lladdr: '02' }), refusal('ARGUMENT', 'EINVAL'));
  t.throws(() => neighbours.get('somewhere'), refusal('ARGUMENT', 'EINVAL'));
  t.same(host.events(), []);
});

t.test('flush, as `ip neigh flush` does it', async (t) => {
  const rows: [object, string][] = [
    [{}, 'noarp permanent'],
    [{ state: 'permanent' }, 'noarp reachable stale'],
    [{ state: 'noarp' }, 'permanent reachable stale'],
    [{ state: 'stale' }, 'noarp permanent reachable'],
    [{ dst: '10.0.0.1' }, 'noarp permanent reachable stale'],
    [{ dst: '10.0.0.1', state: 'permanent' }, 'noarp reachable stale'],
    [{ dst: '10.0.0.4' }, 'noarp permanent reachable'],
    [{ dst: '10.0.0.4', state: 'reachable' }, 'noarp permanent reachable stale'],
  ];
  for (const [filter, left] of rows) {
    const host = new MemoryHost();
    const { neighbours } = host.vtep;
    for (const [i, state] of (['permanent', 'noarp', 'reachable', 'stale'] as const).entries()) {
      neighbours.set({ verb: 'add', dst: `10.0.0.${i + 1}`, lladdr: FAR, state });
    }
    host.events();
    const flushed = neighbours.flush(filter);
    const states = neighbours.list().map(({ state }) => state);
    t.equal(states.sort().join(' '), left, JSON.stringify(filter));
    t.equal(actions(host).length, flushed);
  }
});

t.test('the mirror: never over an own entry, replaced by one, and not to be deleted by hand', async (t) => {
  const host = new MemoryHost();
  const { neighbours } = host.vtep;
  const seen = { dst: DST, lladdr: FAR, state: 'reachable', router: false, externLearn: false } as const;
  neighbours.mirror(seen);
  t.match(neighbours.get(DST), { origin: 'kernel', state: 'reachable' });
  t.throws(() => neighbours.delete(DST), refusal('NO_ENTRY', 'ENOENT'));
  t.throws(() => neighbours.set({ verb: 'change', dst: DST, lladdr: NEAR }), refusal('NO_ENTRY', 'ENOENT'));
  t.equal(neighbours.flush({ state: 'reachable' }), 0);
  neighbours.set({ verb: 'add', dst: DST, lladdr: NEAR });
  neighbours.mirror(seen);
  neighbours.unmirror(DST);
  t.match(neighbours.get(DST), { origin: 'own', lladdr: NEAR });
  neighbours.delete(DST);
  neighbours.mirror(seen);
  neighbours.mirror({ ...seen, lladdr: undefined, state: 'failed' });
  t.equal(neighbours.get(DST), undefined, 'without a MAC it says nothing');
  neighbours.unmirror(DST);
  t.pass('absent: nothing to do');
});

t.test('what an own entry hid comes to light when it goes, as it is by then', async (t) => {
  const { neighbours } = new MemoryHost().vtep;
  const seen = { dst: DST, lladdr: FAR, state: 'reachable', router: false, externLearn: false } as const;
  neighbours.mirror(seen);
  neighbours.set({ verb: 'add', dst: DST, lladdr: NEAR });
  neighbours.delete(DST);
  t.match(
    neighbours.get(DST),
    { origin: 'kernel', lladdr: FAR, state: 'reachable' },
    'hidden by the own one',
  );
  neighbours.set({ verb: 'add', dst: DST, lladdr: NEAR, state: 'reachable' });
  neighbours.mirror({ ...seen, state: 'stale' });
  t.equal(neighbours.flush({ state: 'reachable' }), 1);
  t.match(neighbours.get(DST), { origin: 'kernel', state: 'stale' }, 'seen while hidden');
  neighbours.set({ verb: 'add', dst: DST, lladdr: NEAR });
  neighbours.unmirror(DST);
  neighbours.delete(DST);
  t.equal(neighbours.get(DST), undefined, 'gone while hidden');
});

t.test('what the mirror holds, for who reads the host’s table anew', async (t) => {
  const { neighbours } = new MemoryHost().vtep;
  const seen = { lladdr: FAR, state: 'reachable', router: false, externLearn: false } as const;
  neighbours.mirror({ ...seen, dst: '10.0.0.3' });
  neighbours.mirror({ ...seen, dst: DST });
  neighbours.set({ verb: 'add', dst: DST, lladdr: NEAR });
  neighbours.set({ verb: 'add', dst: '10.0.0.4', lladdr: NEAR });
  t.same(neighbours.mirrored().sort(), [DST, '10.0.0.3'], 'also what an own entry hides');
});

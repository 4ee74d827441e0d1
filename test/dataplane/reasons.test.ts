import t from 'tap';
import * as reasons from '../../lib/dataplane/reasons.js';

const { REASONS, ...rest } = reasons;

t.test('each index names its own line', async (t) => {
  const indexes = Object.entries(rest).filter(([name]) => /^[RT]X_/.test(name));
  t.same(
    indexes.map(([, index]) => index).sort((a, b) => a - b),
    REASONS.map((_, i) => i),
    'no line without an index',
  );
  for (const [constant, index] of indexes) {
    const { name, direction } = REASONS[index];
    t.equal(constant.slice(0, 3).toLowerCase(), `${direction}_`, constant);
    const short = name.replace(/^[rt]x_/, '').toUpperCase();
    const same = constant.slice(3) === short || constant.slice(3) === short.replace('_TX_', '_');
    t.ok(same, `${constant} is ${name}`);
  }
});

t.test('names are fit for a metric label, and unique', async (t) => {
  t.equal(new Set(REASONS.map(({ name }) => name)).size, REASONS.length);
  for (const { name, sentence, direction, counts } of REASONS) {
    t.match(name, /^[a-z0-9_]+$/);
    t.ok(sentence.length > 10 && !sentence.endsWith('.'), name);
    for (const counter of counts) t.ok(counter.startsWith(direction), `${name} raises ${counter}`);
  }
});

t.test('the standard counters of the kernel device', async (t) => {
  const counts = Object.fromEntries(REASONS.map(({ name, counts: raised }) => [name, raised.join(' ')]));
  t.match(counts, {
    pkt_too_small: '',
    no_i_flag: '',
    vni_not_found: '',
    reserved_bits: 'rxErrors rxFrameErrors',
    inner_too_small: '',
    local_mac: '',
    mac_invalid_source: '',
    entry_exists: '',
    inner_ip_truncated: 'rxErrors rxLengthErrors',
    ecn: 'rxErrors rxFrameErrors',
    rx_device_down: 'rxDropped',
    arp_truncated: 'txDropped',
    arp_consumed: '',
    arp_unknown: '',
    neighbour_not_connected: '',
    neighbour_local: '',
    no_tx_target: 'txDropped',
    remote_any: 'txDropped',
    too_big: 'txDropped',
    no_route: 'txErrors txCarrierErrors',
    tx_device_down: 'txErrors',
  });
});

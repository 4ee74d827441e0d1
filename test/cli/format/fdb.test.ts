import t from 'tap';
import { fdbJson, fdbLine } from '../../../lib/cli/format/fdb.js';
import type { FdbEntry } from '../../../lib/engine/types.js';

const entry: FdbEntry = {
  mac: 'e6:4b:f9:ce:d7:7b',
  remotes: [],
  state: 'permanent',
  router: false,
  externLearn: false,
  learned: false,
  used: 12.9,
  updated: 3,
};
const plain = { dst: '192.168.100.3' };
const full = { dst: '192.168.100.4', port: 5000, vni: 9, via: 'd0' };

t.test('lines as bridge fdb printed them for a kernel device', async (t) => {
  t.equal(fdbLine(entry, plain), 'e6:4b:f9:ce:d7:7b dst 192.168.100.3 self permanent');
  t.equal(fdbLine(entry, plain, 'vx0'), 'e6:4b:f9:ce:d7:7b dev vx0 dst 192.168.100.3 self permanent');
  t.equal(
    fdbLine({ ...entry, state: 'static', router: true, externLearn: true }, full, 'vx0', true),
    'e6:4b:f9:ce:d7:7b dev vx0 dst 192.168.100.4 port 5000 vni 9 via d0 used 12/3 self router extern_learn static',
  );
  t.equal(
    fdbLine({ ...entry, state: 'reachable', externLearn: true }, plain),
    'e6:4b:f9:ce:d7:7b dst 192.168.100.3 self extern_learn ',
  );
  t.equal(
    fdbLine({ ...entry, state: 'stale', srcVni: 7 }, plain),
    'e6:4b:f9:ce:d7:7b dst 192.168.100.3 src_vni 7 self stale',
  );
});

t.test('the DNS name of a remote: with -d, and in JSON', async (t) => {
  const named = { ...plain, name: 'vtep3.example.org' };
  t.equal(fdbLine(entry, named), 'e6:4b:f9:ce:d7:7b dst 192.168.100.3 self permanent');
  t.equal(
    fdbLine(entry, named, undefined, false, true),
    'e6:4b:f9:ce:d7:7b dst 192.168.100.3 self permanent name vtep3.example.org',
  );
  t.equal(
    JSON.stringify(fdbJson(entry, named)),
    '{"mac":"e6:4b:f9:ce:d7:7b","dst":"192.168.100.3","dst_name":"vtep3.example.org","flags":["self"],"state":"permanent"}',
  );
});

t.test('JSON keys and their order as bridge -j fdb', async (t) => {
  t.equal(
    JSON.stringify(fdbJson({ ...entry, state: 'static', router: true }, full, 'vx0', true)),
    '{"mac":"e6:4b:f9:ce:d7:7b","ifname":"vx0","dst":"192.168.100.4","port":5000,"vni":9,"viaIf":"d0","used":12,"updated":3,' +
      '"flags":["self","router"],"state":"static"}',
  );
  t.equal(
    JSON.stringify(fdbJson({ ...entry, state: 'reachable' }, plain)),
    '{"mac":"e6:4b:f9:ce:d7:7b","dst":"192.168.100.3","flags":["self"],"state":""}',
  );
});

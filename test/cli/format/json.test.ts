import t from 'tap';
import { jsonText } from '../../../lib/cli/format/json.js';

t.test('compact, without what is undefined', async (t) => {
  t.equal(jsonText([{ a: 1, b: undefined, c: null }], false), '[{"a":1,"c":null}]');
});

t.test("pretty as iproute2's writer", async (t) => {
  const value = [
    { mac: '02:00:00:00:00:01', flags: ['self', 'router'], range: { low: 0 }, none: undefined },
    {},
  ];
  t.equal(
    jsonText(value, true),
    [
      '[ {',
      '        "mac": "02:00:00:00:00:01",',
      '        "flags": [ "self","router" ],',
      '        "range": {',
      '            "low": 0',
      '        }',
      '    },{} ]',
    ].join('\n'),
  );
  t.equal(jsonText([], true), '[ ]');
});

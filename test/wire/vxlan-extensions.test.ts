import t from 'tap';
import {
  checkGpe,
  GBP_USED,
  gbpWord,
  GPE_ETHERNET_WORD,
  GPE_INVALID,
  GPE_NOT_ETHERNET,
  GPE_USED,
} from '../../lib/wire/vxlan-extensions.js';

t.test('group policy: the first word', async (t) => {
  t.equal(gbpWord(0), 0x08000000, 'no id, no G bit: a plain header');
  t.equal(gbpWord(1) >>> 0, 0x88000001);
  t.equal(gbpWord(0xffff) >>> 0, 0x8800ffff);
});

t.test('GPE: the first word', async (t) => {
  t.equal(GPE_ETHERNET_WORD, 0x0c000003);
  t.equal(checkGpe(GPE_ETHERNET_WORD), 0);
  t.equal(checkGpe(0x08000003), GPE_INVALID, 'P clear');
  for (const version of [1, 2, 3]) t.equal(checkGpe(0x0c000003 | (version << 28)), GPE_INVALID, 'a version');
  t.equal(checkGpe(0x0d000003), GPE_INVALID, 'OAM');
  for (const next of [0, 1, 2, 4, 5, 255])
    t.equal(checkGpe(0x0c000000 | next), GPE_NOT_ETHERNET, `next ${next}`);
});

t.test('bits in use, as Linux 6.18 reports what is left', async (t) => {
  t.equal(~(0x08000000 | GBP_USED) >>> 0, 0x77000000);
  t.equal(~(0x08000000 | GPE_USED) >>> 0, 0xc2ffff00);
});

/** Many VNIs on one device of ours: to one like it, to a device a VNI, to the kernel's; and behind a VLAN-aware bridge. */
import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { tagMissing, vlanAwareMissing } from '../support/lab/pairs.js';
import { manyVnis } from '../support/lab/scenario/many-vnis.js';
import { amongOurs, deviceForEach, filterOfTheKernel } from '../support/lab/scenario/tagged-vnis.js';

const noTag = tagMissing();
if (noTag) {
  t.pass(noTag, { skip: noTag });
} else {
  await onEach(t, 'many VNIs', amongOurs, [['uvtep', 'uvtep']]);
  await onEach(t, 'many VNIs, a device for each', deviceForEach, [['uvtep', 'kernel']]);
  await onEach(t, "many VNIs, the kernel's vnifilter", filterOfTheKernel, [['uvtep', 'kernel']]);
}

const noBridge = vlanAwareMissing();
if (noBridge) t.pass(noBridge, { skip: noBridge });
else await onEach(t, 'many VNIs behind a VLAN-aware bridge', manyVnis);

/** Values of what is Flannel's. */
import { canonicalAddress } from '../control/address.js';
import { ifname, number, type Value } from './values.js';

/** Of a Flannel network, whose device is called after it. */
export const flannelVni = number('VNI', 1, 0xff_ffff);
export const flannelPort = number('PORT', 1, 0xffff);
export const settle = number('SECONDS', 0, 86_400);
export const iface: Value = {
  meta: 'IFACE',
  expects: 'the name or an address of an interface',
  read: (text) => canonicalAddress(text) ?? ifname.read(text),
};

/** What the options of the header and of the receive path say together, in the kernel's words where it has some. */
import { checkListenerSends } from '../engine/option-checks.js';
import { underlayFamily } from '../engine/settings.js';
import type { LinkChange, LinkConfig } from '../engine/types.js';
import { VtepError } from '../errors.js';
import { isLinkLocal, isMulticast } from './address.js';

/** Of those that go with GPE in the kernel, VXLAN_F_ALLOWED_GPE, these are not. */
const NOT_WITH_GPE = ['gbp', 'learning', 'proxy', 'rsc', 'l2miss', 'l3miss'] as const;

function refuse(word: string, message: string): VtepError {
  return new VtepError('ERR_VTEP_ARGUMENT', message, { errno: 'EINVAL', word });
}

/** @throws {VtepError} ERR_VTEP_ARGUMENT for options of a new VTEP that contradict one another */
export function checkHeaderOptions(config: LinkConfig): void {
  const { gbp, gbpId, gpe, localbind, local, group, remote } = config;
  const other = NOT_WITH_GPE.find((option) => config[option]);
  if (gpe && other !== undefined) {
    throw refuse(
      other,
      `VXLAN GPE does not support this combination of attributes: gpe and ${other} exclude each other`,
    );
  }
  if (gpe && config.ttl === 'inherit') {
    throw refuse('inherit', 'VXLAN GPE does not support this combination of attributes: gpe and ttl inherit');
  }
  if (gbpId !== 0 && !gbp) {
    throw refuse(String(gbpId), `gbp-id ${gbpId} is sent in a group policy header: give gbp, too`);
  }
  checkLearnPort(config);
  checkListenerSends(config, underlayFamily(config));
  if (!localbind) return;
  if (local === undefined)
    throw refuse('localbind', 'localbind receives on the address given by local: give it');
  if (isLinkLocal(local)) {
    throw refuse(
      local,
      `localbind and local ${local} exclude each other: a link-local address is one of many interfaces`,
    );
  }
  const to = group ?? remote;
  if (to !== undefined && isMulticast(to)) {
    throw refuse(
      to,
      `localbind and group ${to} exclude each other: a socket bound to ${local} receives nothing that is sent to a group`,
    );
  }
}

/** What a port is learned with. */
function checkLearnPort({ learnPort, learning, external }: LinkConfig): void {
  if (!learnPort) return;
  if (external) {
    throw refuse(
      'external',
      'learn-port and external exclude each other: which of many VNIs a peer behind an address translator sends from is not told by its port',
    );
  }
  if (!learning) {
    throw refuse(
      'nolearning',
      'learn-port and nolearning exclude each other: a port is learned with its MAC',
    );
  }
}

/** @throws {VtepError} ERR_VTEP_FIXED or ERR_VTEP_ARGUMENT for a change that an existing VTEP cannot follow */
export function checkHeaderChange(change: LinkChange, current: LinkConfig): void {
  if (current.localbind && change.local !== undefined && change.local !== current.local) {
    throw new VtepError(
      'ERR_VTEP_FIXED',
      `Cannot change local address when bound locally: ${current.name} has localbind; delete the link and add it anew`,
      { errno: 'EOPNOTSUPP', word: change.local },
    );
  }
  const merged = { ...current, ...change };
  if (change.remote !== undefined) delete merged.group;
  checkHeaderOptions(merged);
}

/** All groups, in the order of the page. */
import type { Group } from '../case.js';
import { CHANGES, SHARING } from './changes.js';
import { ADDING, FLUSHING } from './entries.js';
import { NAMES, OPTIONS } from './options.js';
import { ECN_IN, HEADERS_IN, LEARNING } from './receive.js';
import { ECN_OUT, FORWARDING, HEADER, ODD } from './transmit.js';

export const GROUPS: readonly Group[] = [
  OPTIONS,
  NAMES,
  CHANGES,
  SHARING,
  ADDING,
  FLUSHING,
  HEADER,
  ECN_OUT,
  FORWARDING,
  ODD,
  HEADERS_IN,
  ECN_IN,
  LEARNING,
];

/** All groups, in the order of the page. */
import type { Group } from '../case.js';
import { CHANGES, SHARING } from './changes.js';
import { ADDING, FLUSHING } from './entries.js';
import { NAMES, OPTIONS } from './options.js';

export const GROUPS: readonly Group[] = [OPTIONS, NAMES, CHANGES, SHARING, ADDING, FLUSHING];

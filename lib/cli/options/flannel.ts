/** Words of `vtep flannel`. Its flags are flanneld's. */
import { FLAGS } from '../../flannel/options.js';
import type { Form } from './word.js';

export const forms: readonly Form[] = [
  { verbs: ['run'], words: [], flags: FLAGS },
  { verbs: ['status'], words: [] },
];

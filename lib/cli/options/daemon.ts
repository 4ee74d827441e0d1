/** Words of `vtep daemon`. */
import { type Form } from './word.js';

export const forms: readonly Form[] = [
  { verbs: ['run'], words: [] },
  { verbs: ['status'], words: [] },
  { verbs: ['stop'], words: [] },
];

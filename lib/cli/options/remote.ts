/** Words of `vtep remote`, which iproute2 does not have. */
import { dev, type Form } from './word.js';

export const forms: readonly Form[] = [{ verbs: ['show', 'lst', 'list'], words: [dev] }];

import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { missesAnswered } from '../support/lab/scenario/misses-answered.js';

await onEach(t, 'walk-through-1', missesAnswered);

import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { shortCircuit } from '../support/lab/scenario/short-circuit.js';

await onEach(t, 'walk-through-2b', shortCircuit);

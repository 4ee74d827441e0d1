import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { remoteRoutes } from '../support/lab/scenario/remote-routes.js';

await onEach(t, 'walk-through-2', remoteRoutes);

/** A full mesh of three hosts, each with a VTEP a peer on one bridge: no loop with a split-horizon group, one without. */
import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { fullMesh } from '../support/lab/scenario/full-mesh.js';

await onEach(t, 'full mesh', fullMesh, [['uvtep', 'uvtep', 'uvtep']]);

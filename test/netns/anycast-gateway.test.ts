import t from 'tap';
import { onEach } from '../support/lab/on-pairs.js';
import { anycastGateway } from '../support/lab/scenario/anycast-gateway.js';

await onEach(t, 'a guest keeps its gateway', anycastGateway, [
  ['uvtep', 'uvtep'],
  ['uvtep', 'kernel'],
]);

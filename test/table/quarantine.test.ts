import t from 'tap';
import { Epochs } from '../../lib/memory/epoch.js';
import { Quarantine } from '../../lib/table/quarantine.js';

t.test('releases in order, once the readers have moved on', async (t) => {
  const epochs = new Epochs(1);
  const quarantine = new Quarantine(epochs);
  epochs.enter(0);
  for (let number = 0; number < 100; number++) quarantine.push(number);
  t.equal(quarantine.take(), -1);
  t.same([...quarantine].slice(0, 3), [0, 1, 2]);
  epochs.enter(0);
  for (let number = 0; number < 100; number++) t.equal(quarantine.take(), number);
  t.equal(quarantine.take(), -1);
  t.equal(quarantine.length, 0);
});

t.test('what came later waits longer', async (t) => {
  const epochs = new Epochs(1);
  const quarantine = new Quarantine(epochs);
  epochs.enter(0);
  quarantine.push(1);
  t.equal(quarantine.take(), -1);
  epochs.enter(0);
  quarantine.push(2);
  t.equal(quarantine.take(), 1);
  t.equal(quarantine.take(), -1);
  epochs.enter(0);
  t.equal(quarantine.take(), 2);
});

t.test('goes round its buffer and grows in the middle of it', async (t) => {
  const quarantine = new Quarantine(new Epochs(0));
  let next = 0;
  let expected = 0;
  for (let round = 1; round < 60; round++) {
    for (let i = 0; i < round; i++) quarantine.push(next++);
    for (let i = 0; i < round - 1; i++) t.equal(quarantine.take(), expected++);
  }
  t.equal(quarantine.length, next - expected);
});

t.test('gives memory back after a flush', async (t) => {
  const quarantine = new Quarantine(new Epochs(0));
  const small = quarantine.bytes;
  for (let number = 0; number < 100_000; number++) quarantine.push(number);
  t.ok(quarantine.bytes > 100_000);
  for (let number = 0; number < 100_000; number++) quarantine.take();
  t.equal(quarantine.bytes, small);
});

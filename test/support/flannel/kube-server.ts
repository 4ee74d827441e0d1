/**
 * A fake API server as a program, to run in a namespace: `kube-server.js ADDRESS PORT NODE=PODCIDR…`. On standard input,
 * `remove NODE` removes one; `node NODE` prints its annotations as a line of JSON.
 */
import { createInterface } from 'node:readline';
import { FakeKube } from '../fake-kube.js';

const [address = '', port = '', ...nodes] = process.argv.slice(2);
const kube = await FakeKube.start(undefined, Number(port), address);
for (const [name = '', podCIDR] of nodes.map((word) => word.split('='))) kube.set(name, { podCIDR });
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const [verb, name = ''] = line.split(' ');
  if (verb === 'remove') kube.remove(name);
  else process.stdout.write(`${JSON.stringify(kube.node(name)?.metadata.annotations ?? {})}\n`);
}

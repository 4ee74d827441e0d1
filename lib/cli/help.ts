/** Help texts, made from the option table. */
import { GLOBAL_OPTIONS, OBJECTS, type CommandObject } from './options.js';
import type { Flag, Form, Word } from './options/word.js';

const WIDTH = 92;

const EXAMPLES = `Misses answered (a bridge, a control plane that programs what is missing):
  vtep link add vtep0 type vxlan id 1 dstport 4789 dev eth0 nolearning proxy l2miss l3miss
  ip link set vtep0 up master br0
  vtep monitor miss &                                   # miss 10.20.1.3 dev vtep0 STALE
  vtep neigh add 10.20.1.3 lladdr e6:4b:f9:ce:d7:7b dev vtep0
  vtep fdb add e6:4b:f9:ce:d7:7b dst 192.168.100.3 dev vtep0
One route, one neighbour, one FDB entry a remote host (no misses, no learning):
  vtep link add vtep0 type vxlan id 1 dstport 4789 dev eth0 nolearning
  ip addr add 10.20.1.0/32 dev vtep0 && ip link set vtep0 up
  vtep neigh add 10.20.2.0 lladdr 52:2f:17:7c:bc:0f dev vtep0
  vtep fdb add 52:2f:17:7c:bc:0f dst 192.168.100.3 dev vtep0
  ip route add 10.20.2.0/24 via 10.20.2.0 dev vtep0 onlink
A learning switch with two peers:
  vtep link add vtep0 up type vxlan id 1 dstport 4789 dev eth0
  vtep fdb append 00:00:00:00:00:00 dst 192.168.100.3 dev vtep0
  vtep fdb append 00:00:00:00:00:00 dst 192.168.100.4 dev vtep0
Many VNIs on one device, a VLAN each (a bridge with vlan_filtering):
  vtep link add vtep0 up type vxlan external vnifilter learning dstport 4789 dev eth0
  vtep vni add dev vtep0 vni 100-109 vlan 10-19 remote 192.168.100.3
`;

const offered = (words: readonly Word[]): Word[] =>
  words.filter((word) => word.refused === undefined && !word.fixed);

const negativeOf = (word: Word): string => `no${word.words[0]}`;

/** True for `learning` where `nolearning` stands beside it. */
const hasNegative = (word: Word, words: readonly Word[]): boolean =>
  words.some((other) => other.key === word.key && other.words[0] === negativeOf(word));

const isNegative = (word: Word, words: readonly Word[]): boolean =>
  words.some((other) => other.key === word.key && word.words[0] === negativeOf(other));

/** A word and its values: `dst IP`, `[no]learning`, `srcport MIN MAX`. */
function wordText(word: Word, words: readonly Word[]): string {
  const name = word.words[0] ?? '';
  if (hasNegative(word, words)) return `[no]${name}`;
  const kinds = word.takes ?? [];
  const metas = kinds.length === 2 ? ['MIN', 'MAX'] : kinds.map((kind) => kind.meta);
  return [name, ...metas].join(' ');
}

/** Words of one key exclude each other: `up | down`. */
function keyText(key: string, form: Form, words: readonly Word[]): string {
  const same = offered(words).filter((word) => word.key === key && !isNegative(word, words));
  const [first] = same;
  if (first !== undefined && key === form.positional && words === form.words)
    return `[ ${first.words[0]} ] ${first.takes?.[0]?.meta}`;
  return same.map((word) => wordText(word, words)).join(' | ');
}

/** Words of one form as usage: what is required first, the rest in brackets. */
function usageWords(form: Form, words: readonly Word[]): string[] {
  const keys = [...new Set(offered(words).map((word) => word.key))].filter((key) => key !== 'type');
  const needed = (form.needs ?? []).map((key) => key.split('|')[0]!).filter((key) => keys.includes(key));
  const others = keys.filter((key) => !needed.includes(key));
  return [
    ...needed.map((key) => keyText(key, form, words)),
    ...others.map((key) => `[ ${keyText(key, form, words)} ]`),
  ];
}

/** Breaks words into lines with a hanging indent. */
function wrap(head: string, texts: readonly string[]): string {
  const indent = ' '.repeat(12);
  let line = head;
  const lines: string[] = [];
  for (const text of texts) {
    if (line.length + 1 + text.length > WIDTH) {
      lines.push(line);
      line = indent + text;
    } else line = `${line} ${text}`;
  }
  return [...lines, line].join('\n');
}

const flagText = ({ name, takes }: Flag): string =>
  takes === undefined ? `--${name}` : `--${name} ${takes}`;

function flagHelp({ help, default: usual }: Flag): string {
  return usual === undefined || usual === '' || usual === 'false' ? help : `${help}; default ${usual}`;
}

/** Words before `type vxlan`, then those after it. */
function formText(object: CommandObject, form: Form): string {
  if (form.flags) return `  vtep ${object.names[0]} [ ${form.verbs[0]} ] FLAGS`;
  const type = form.words.find((word) => word.key === 'type');
  const head = ['  vtep', object.names[0], form.verbs[0]].filter((part) => part !== '').join(' ');
  const texts = usageWords(form, form.words);
  if (type !== undefined) texts.push(form.needs?.includes('type') ? 'type vxlan' : '[ type vxlan');
  if (type?.then !== undefined) texts.push(...usageWords(form, type.then));
  if (type !== undefined && !form.needs?.includes('type')) texts.push(']');
  return wrap(head, texts);
}

/** Every word of an object that has something to explain, once. */
function explained(forms: readonly Form[]): Map<string, string> {
  const lines = new Map<string, string>();
  for (const words of forms.flatMap((form) => [form.words, ...form.words.map((word) => word.then ?? [])])) {
    for (const word of words) {
      if (word.help !== undefined) lines.set(wordText(word, words), word.help);
    }
  }
  return lines;
}

const table = (rows: Iterable<readonly [string, string]>, width: number): string =>
  Array.from(rows, ([name, help]) => `  ${name.padEnd(width)} ${help}\n`).join('');

/** `vtep link help`: every verb with its words, then what the words mean. */
export function objectHelp(object: CommandObject, forms: readonly Form[]): string {
  const known = forms.filter((form) => form.refused === undefined);
  const usage = known.map((form) => formText(object, form)).join('\n');
  const flags = known.flatMap((form) => form.flags ?? []);
  const lists = [
    table(explained(known), 22),
    table(
      flags.map((flag) => [flagText(flag), flagHelp(flag)]),
      32,
    ),
  ];
  return `vtep ${object.names[0]}: ${object.says}\nUsage:\n${usage}\n${lists.join('')}`;
}

/** `vtep help`. */
export function generalHelp(): string {
  const objects = OBJECTS.map((object) => [object.names[0] ?? '', object.says] as const);
  const options = GLOBAL_OPTIONS.map((option) => [option.show, option.help] as const);
  return (
    'Usage: vtep [ OPTIONS ] OBJECT { COMMAND | help }\n' +
    'A userspace VXLAN tunnel endpoint that understands the words of ip and bridge.\n' +
    `Objects (each has help: vtep link help):\n${table(objects, 18)}` +
    `Options:\n${table(options, 18)}` +
    EXAMPLES
  );
}

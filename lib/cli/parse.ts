/**
 * Reads a command's words by the option table, as iproute2 reads them: in any order, cut short at will, the
 * key value with or without its word. Wrong words end in one line that names the word and what was expected.
 */
import { CommandFailure, wrong } from './failure.js';
import type { Form, Refusal, Word } from './options/word.js';

/** Parsed words by key: a value, a list of values, or what a flag sets. */
export type Parsed = Record<string, unknown>;

/**
 * The first of `list` that has `text` as a spelling or, failing that, as the beginning of one. iproute2 takes the
 * first beginning in table order; a full spelling always wins here, so that no word hides another.
 */
export function findWord<T>(
  list: readonly T[],
  spellings: (item: T) => readonly string[],
  text: string,
): T | undefined {
  if (text === '') return undefined;
  const exact = list.find((item) => spellings(item).includes(text));
  return exact ?? list.find((item) => spellings(item).some((word) => word.startsWith(text)));
}

/** Levenshtein's distance, for "did you mean". */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** One slip in a short word, two in a long one. */
const isNear = (word: string, text: string): boolean =>
  text.length > 2 && distance(word, text) <= (text.length < 6 ? 1 : 2);

/** `did you mean "learning"?` when one is near, else `expected one of …`. */
export function expectation(known: readonly string[], text: string): string {
  const near = known.find((word) => isNear(word, text));
  if (near !== undefined) return `did you mean "${near}"?`;
  return known.length === 0 ? 'nothing was expected here' : `expected one of ${known.join(', ')}`;
}

const offered = (words: readonly Word[]): string[] =>
  words.filter((word) => word.refused === undefined).map((word) => word.words[0] ?? '');

/** Says who does what a word asks for. `typed` is the command without `vtep`. */
function refusal(
  by: Refusal,
  name: string,
  typed: readonly string[],
  device: string,
  because?: string,
): CommandFailure {
  const asTyped = `\`${by.split(' ')[0]} ${typed.join(' ')}\``;
  if (because !== undefined) return wrong(`"${name}" is not supported: ${because}`);
  if (by === 'yet') return wrong(`"${name}" is not supported yet`);
  if (by === 'permanent') return wrong(`"${name}": MDB entry must be permanent`);
  if (by === 'no vid') return wrong(`"${name}": VID must not be specified for a VXLAN device`);
  if (by === 'unmeant') return wrong(`"${name}" means nothing to the FDB of a VXLAN device`);
  if (by === 'bridge fdb')
    return wrong(
      `"${name}" is about a bridge's own table: use ${asTyped}, the VTEP's interface is a real bridge port`,
    );
  if (by === 'ip route')
    return wrong(
      `"${name}" is for the host's table: use ${asTyped}, and the VTEP takes over what routes through it`,
    );
  if (by === 'ip nexthop') return wrong(`"${name}" is not for a nexthop of FDB entries: "via" or "group" is`);
  if (by === 'ip neigh') return wrong(`"${name}" is for the host's table: use ${asTyped}`);
  const add = typed[1] !== undefined && 'add'.startsWith(typed[1]);
  const command = add ? `\`ip link set ${device} ${name} …\` once it is made` : asTyped;
  return wrong(`"${name}" is not the VTEP's: its interface is a real one, use ${command}`);
}

/** A word as messages name it: a key value that needs no word goes by its kind. */
function nameOf(word: Word): string {
  const name = word.words[0] ?? '';
  return name === 'to' ? (word.takes?.[0]?.meta ?? name) : name;
}

interface State {
  readonly form: Form;
  /** The whole command for messages: object, verb, words. */
  readonly typed: readonly string[];
  readonly parsed: Parsed;
  /** Key -> the spelling that gave it. */
  readonly given: Map<string, string>;
  words: readonly Word[];
  positional: string | undefined;
}

/** Reads the values after a word; returns how many arguments it took. */
function readValues(state: State, word: Word, name: string, args: readonly string[]): number {
  const values = (word.takes ?? []).map((kind, i) => {
    const text = args[i];
    if (text === undefined)
      throw wrong(`Command line is not complete: "${name}" expects ${kind.expects} (${kind.meta})`);
    const value = kind.read(text);
    if (value === undefined) throw wrong(`argument "${text}" is wrong: "${name}" expects ${kind.expects}`);
    return value;
  });
  refuseTwice(state, word, name, args[0]);
  state.parsed[word.key] = values.length === 1 ? values[0] : values;
  return values.length;
}

function refuseTwice(state: State, word: Word, name: string, value?: string): void {
  const before = state.given.get(word.key);
  state.given.set(word.key, name);
  if (before === undefined) return;
  if (value !== undefined) throw wrong(`duplicate "${name}": "${value}" is the second value.`);
  throw wrong(`duplicate "${name}": "${before}" was given before.`);
}

function takeWord(state: State, word: Word, args: readonly string[]): number {
  const name = word.words.find((spelling) => spelling.startsWith(args[0] ?? '')) ?? word.words[0] ?? '';
  if (word.refused !== undefined)
    throw refusal(word.refused, name, state.typed, String(state.parsed['name'] ?? 'NAME'), word.because);
  let took = 0;
  if (word.takes !== undefined) took = readValues(state, word, name, args.slice(1));
  else {
    refuseTwice(state, word, name);
    state.parsed[word.key] = word.sets ?? true;
  }
  if (word.then !== undefined) {
    state.words = word.then;
    state.positional = undefined;
  }
  return 1 + took;
}

/**
 * A word written with dashes, as Go's programs take it: `--vni 5`, `--vni=5`, `-vni=5`; never cut short.
 * @returns the word and its value, taken apart; undefined when the text is none of them
 */
function dashed(words: readonly Word[], args: readonly string[]): readonly string[] | undefined {
  const [, name, value] = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(args[0] ?? '') ?? [];
  const spelling = `--${name}`;
  if (!words.some((word) => word.words.includes(spelling))) return undefined;
  return value === undefined ? [spelling, ...args.slice(1)] : [spelling, value];
}

/** A value without its word, such as the MAC of `fdb add`. */
function takePositional(state: State, args: readonly string[]): number {
  const key = state.positional;
  const word = state.words.find((candidate) => candidate.key === key);
  const text = args[0] ?? '';
  if (word === undefined || state.given.has(word.key)) throw unknown(state, text);
  return readValues(state, word, nameOf(word), args);
}

/** An unknown word. Words that `ip link` takes before `type vxlan` are told so. */
function unknown(state: State, text: string): CommandFailure {
  const command = state.typed.slice(0, 2).join(' ').trim();
  const before = state.words !== state.form.words && findWord(state.form.words, (word) => word.words, text);
  if (before) return wrong(`"${text}" stands before "type vxlan"`);
  return wrong(`"${text}" is unknown to "vtep ${command}"; ${expectation(offered(state.words), text)}`);
}

function requireAll(state: State): void {
  for (const needed of state.form.needs ?? []) {
    const [key = '', ...others] = needed.split('|');
    if ([key, ...others].some((candidate) => state.given.has(candidate))) continue;
    const all = [...state.form.words, ...state.words];
    const word = all.find((candidate) => candidate.key === key);
    if (word === undefined) continue;
    const expects = word.takes?.[0]?.expects ?? '';
    throw wrong(`Not enough information: "${nameOf(word)}" is required, ${expects}`);
  }
}

/**
 * Reads the words after object and verb.
 * @param typed object and verb as typed, then the words: for messages
 * @param option takes an option such as -d out of the words at an index; returns how many it took, 0 = none
 * @throws {CommandFailure} with one line for the user
 * @example parseWords(form, ['fdb', 'add', …], ['e6:4b:f9:ce:d7:7b', 'dst', '192.0.2.3', 'dev', 'vtep0'], …)
 */
export function parseWords(
  form: Form,
  typed: readonly string[],
  args: readonly string[],
  option: (args: readonly string[]) => number,
): Parsed {
  if (form.refused !== undefined) throw refusal(form.refused, typed[1] ?? '', typed, '');
  const state: State = {
    form,
    typed,
    parsed: {},
    given: new Map(),
    words: form.words,
    positional: form.positional,
  };
  for (let i = 0; i < args.length;) {
    const rest = args.slice(i);
    const text = rest[0] ?? '';
    const flag = text.startsWith('-') ? dashed(state.words, rest) : undefined;
    const word = findWord(state.words, (candidate) => candidate.words, flag?.[0] ?? text);
    if (flag !== undefined && word !== undefined) {
      const took = takeWord(state, word, flag);
      i += flag[1] !== undefined && text.includes('=') ? took - 1 : took;
    } else if (text.startsWith('-')) i += option(rest);
    else if (word !== undefined) i += takeWord(state, word, rest);
    else i += takePositional(state, rest);
  }
  requireAll(state);
  return state.parsed;
}

/** What the option tables are made of. */
import * as value from '../values.js';
import type { Value } from '../values.js';

/** Who does what a word asks for, when it is not the VTEP: nobody yet, or a tool of the host. */
export type Refusal =
  | 'yet'
  | 'ip link'
  | 'bridge fdb'
  | 'ip neigh'
  | 'ip route'
  | 'ip nexthop'
  | 'unmeant'
  | 'permanent'
  | 'no vid';

export interface Word {
  /** Spellings; the first is the one help shows. */
  readonly words: readonly string[];
  /** Its name among the parsed words; words of one key exclude each other. */
  readonly key: string;
  /** The values that follow it; none = a flag. */
  readonly takes?: readonly Value[];
  /** What a flag sets, when not true. */
  readonly sets?: unknown;
  readonly refused?: Refusal;
  /** Why, after a colon: for what will not come soon. */
  readonly because?: string;
  /** The words that may follow from here on, instead of the ones before. */
  readonly then?: readonly Word[];
  readonly help?: string;
  /** Cannot be changed on a device that exists: hidden from the help of `link set`, refused by the daemon. */
  readonly fixed?: true;
}

/** `--name VALUE`, for commands that take the place of another project's. */
export interface Flag {
  readonly name: string;
  /** What stands for its value in help; absent: true or false. */
  readonly takes?: string;
  /** As it would be typed. */
  readonly default?: string;
  readonly help: string;
}

/** One verb of an object. */
export interface Form {
  readonly verbs: readonly string[];
  readonly words: readonly Word[];
  /** Key of the word that may be left out before its value: `link show [dev] vx0`. */
  readonly positional?: string;
  /** Keys that must be given; `a|b`: one of them. */
  readonly needs?: readonly string[];
  readonly refused?: Refusal;
  /** Flags instead of words; the command reads them itself. */
  readonly flags?: readonly Flag[];
}

export const takes = (words: string, key: string, kind: Value | readonly Value[], help?: string): Word => ({
  words: words.split('|'),
  key,
  takes: 'read' in kind ? [kind] : kind,
  help,
});
export const flag = (words: string, key: string, sets: unknown = true, help?: string): Word => ({
  words: words.split('|'),
  key,
  sets,
  help,
});
/** `[no]word`, the negative first as in iproute2. */
export const either = (word: string, help?: string, key = word): Word[] => [
  flag(`no${word}`, key, false),
  flag(word, key, true, help),
];
export const refuse = (by: Refusal, words: string, because?: string): Word[] =>
  words.split(' ').map((word) => ({ words: word.split('|'), key: `refused ${word}`, refused: by, because }));

export const dev = takes('dev', 'dev', value.ifname);

/** One command from its arguments to its exit code. */
import {
  OBJECTS,
  FOREIGN_OBJECTS,
  GLOBAL_OPTIONS,
  type CommandObject,
  type GlobalOption,
} from './options.js';
import type { Form } from './options/word.js';
import { CommandFailure, failureOf, wrong } from './failure.js';
import { expectation, findWord, parseWords } from './parse.js';
import { Session, noOptions, type Options, type Streams } from './session.js';

/** One exported function of commands/<object>.ts. */
type Command = (session: Session, words: never) => Promise<void>;

/** Names of the functions whose verb is a word of the language. */
const FUNCTION_OF: Readonly<Record<string, string>> = { delete: 'del', '': 'run' };

function setOption(options: Options, option: GlobalOption, value: unknown): void {
  if (option.key === 'statistics') options.statistics++;
  else Object.assign(options, { [option.key]: value ?? option.sets ?? true });
}

/** Takes one option; returns how many arguments it took. */
function takeOption(options: Options, args: readonly string[]): number {
  const text = args[0] ?? '';
  const name = text.replace(/^--?/, '');
  const option = findWord(GLOBAL_OPTIONS, (candidate) => candidate.names, name);
  if (option === undefined) {
    const known = GLOBAL_OPTIONS.map((candidate) => candidate.show);
    throw wrong(`Option "${text}" is unknown; expected one of ${known.join(', ')}`);
  }
  if (option.key !== 'netns') {
    setOption(options, option, undefined);
    return 1;
  }
  if (args[1] === undefined)
    throw wrong(`Command line is not complete: "${text}" expects a network namespace`);
  setOption(options, option, args[1]);
  return 2;
}

/** Takes the options at the front; returns what follows. */
function takeOptions(options: Options, args: readonly string[]): readonly string[] {
  let rest = args;
  while (rest[0]?.startsWith('-') && rest[0].length > 1) rest = rest.slice(takeOption(options, rest));
  return rest;
}

function objectOf(text: string, typed: readonly string[]): CommandObject {
  const object = findWord(OBJECTS, (candidate) => candidate.names, text);
  if (object !== undefined) return object;
  const foreign = Object.hasOwn(FOREIGN_OBJECTS, text) ? FOREIGN_OBJECTS[text] : undefined;
  if (foreign !== undefined)
    throw wrong(
      `Object "${text}" is not the VTEP's: its interface is a real one, use \`${foreign} ${typed.join(' ')}\``,
    );
  const known = [...OBJECTS.map((candidate) => candidate.names[0] ?? ''), 'help'];
  throw wrong(`Object "${text}" is unknown; ${expectation(known, text)}`);
}

function formOf(object: CommandObject, forms: readonly Form[], text: string): Form {
  const form = object.verb === '' ? forms[0] : findWord(forms, (candidate) => candidate.verbs, text);
  if (form !== undefined) return form;
  const known = forms
    .filter((candidate) => candidate.refused === undefined)
    .map((candidate) => candidate.verbs[0] ?? '');
  throw wrong(`Command "${text}" is unknown to "vtep ${object.names[0]}"; ${expectation(known, text)}`);
}

async function commandOf(object: CommandObject, verb: string): Promise<Command> {
  const loaded: unknown = await {
    link: () => import('./commands/link.js'),
    fdb: () => import('./commands/fdb.js'),
    mdb: () => import('./commands/mdb.js'),
    neigh: () => import('./commands/neigh.js'),
    nexthop: () => import('./commands/nexthop.js'),
    route: () => import('./commands/route.js'),
    remote: () => import('./commands/remote.js'),
    vni: () => import('./commands/vni.js'),
    monitor: () => import('./commands/monitor.js'),
    daemon: () => import('./commands/daemon.js'),
    flannel: () => import('./commands/flannel.js'),
    'flannel-ext': () => import('./commands/flannel-ext.js'),
  }[object.names[0] as 'link']();
  return (loaded as Record<string, Command>)[FUNCTION_OF[verb] ?? verb] as Command;
}

const isHelp = (text: string | undefined): boolean =>
  text !== undefined && text.length > 1 && 'help'.startsWith(text);

/** `link add help`, `link add -h`: nothing else of the command matters then. */
const asksHelp = (text: string): boolean => text === 'help' || /^--?h(elp)?$/.test(text);

/** `monitor` has no verbs: its words follow at once. So may flags. */
function splitVerb(object: CommandObject, args: readonly string[]): [string, readonly string[]] {
  if (object.verb === '') return ['', args];
  if (object.takesFlags && args[0]?.startsWith('-')) return [object.verb, args];
  return [args[0] ?? object.verb, args.slice(1)];
}

/** Runs what stands after the options. */
async function runObject(options: Options, streams: Streams, typed: readonly string[]): Promise<void> {
  const object = objectOf(typed[0] ?? '', typed);
  const args = object.takesFlags ? typed.slice(1) : takeOptions(options, typed.slice(1));
  const forms = await object.forms();
  const [verb, words] = splitVerb(object, args);
  if (options.help || isHelp(args[0] ?? object.verb) || args.some(asksHelp))
    return showHelp(streams, object, forms);
  const form = formOf(object, forms, verb);
  const parsed = form.flags
    ? words
    : parseWords(form, [object.names[0] ?? '', verb, ...words], words, (rest) => takeOption(options, rest));
  const session = new Session(options, streams);
  const command = await commandOf(object, form.verbs[0] ?? '');
  try {
    await command(session, parsed as never);
  } catch (error) {
    throw failureOf(error, session.dev);
  }
}

async function showHelp(
  streams: Streams,
  object?: CommandObject,
  forms: readonly Form[] = [],
): Promise<void> {
  const { generalHelp, objectHelp } = await import('./help.js');
  streams.out(object === undefined ? generalHelp() : objectHelp(object, forms));
}

async function showVersion(streams: Streams): Promise<void> {
  const { packageVersion } = await import('../version.js');
  streams.out(`vtep utility, uvtep-${packageVersion()}\n`);
}

async function dispatch(argv: readonly string[], streams: Streams): Promise<void> {
  const options = noOptions();
  const typed = takeOptions(options, argv);
  if (options.version) return showVersion(streams);
  if (typed.length === 0 && !options.help) {
    await showHelp({ ...streams, out: streams.err });
    throw new CommandFailure('', 1);
  }
  if (typed.length === 0 || isHelp(typed[0])) return showHelp(streams);
  await runObject(options, streams, typed);
}

/**
 * Runs one command.
 * @param argv arguments after `vtep`
 * @returns the exit code: 0 done, 1 wrong words or unknown device, 2 refused
 * @example await run(['fdb', 'show', 'dev', 'vtep0'], streams)
 */
export async function run(argv: readonly string[], streams: Streams): Promise<number> {
  try {
    await dispatch(argv, streams);
    return 0;
  } catch (error) {
    const failure = failureOf(error);
    if (failure.message !== '') streams.err(`${failure.message}\n`);
    if (process.env['VTEP_DEBUG'] === '1')
      streams.err(`${(failure.cause as Error)?.stack ?? failure.stack}\n`);
    return failure.exit;
  }
}

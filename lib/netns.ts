/** How a network namespace is called. Imports nothing: the command line and the engine must agree. */

/** NAME_MAX and PATH_MAX of linux/limits.h. */
const NAME_MAX = 255;
const PATH_MAX = 4_095;

/**
 * The path of a network namespace.
 * @param netns a name as `ip netns add` made it, a path such as /proc/1234/ns/net, or nothing: the caller's own
 */
export function netnsPath(netns?: string): string {
  if (netns === undefined || netns === '') return '/proc/self/ns/net';
  return netns.includes('/') ? netns : `/run/netns/${netns}`;
}

/** What stands in a sentence that says which texts isNetns() takes. */
export const NETNS_FORM =
  'a name of `ip netns list`, or an absolute path such as /proc/1/ns/net, not of /proc/self';

/**
 * Whether a text names a namespace to any process alike: a name, or an absolute path. What is relative, or /proc/self,
 * would mean another thing to the daemon than to whoever wrote it.
 */
export function isNetns(text: string): boolean {
  if (text.includes('\0')) return false;
  if (text.startsWith('/')) return text.length <= PATH_MAX && !/^\/proc\/(thread-)?self(\/|$)/.test(text);
  return text !== '' && text !== '.' && text !== '..' && !text.includes('/') && text.length <= NAME_MAX;
}

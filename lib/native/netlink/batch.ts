/**
 * Many requests in one send. The kernel works them off in order, inside send(), and answers each by itself: what is
 * refused stops none of the others.
 */
import { EAGAIN, ENOBUFS } from '../errno.js';
import { netlinkError } from '../names.js';
import { NLMSG_ERROR, readMessages, setSequence, viewOf, type Message } from './message.js';
import { BUFFER_SIZE, nextSequences, type Answer, type NetlinkShim } from './request.js';

/** Requests a send: their answers must fit the socket's receive buffer before the first of them is read. */
const BATCH = 64;
const buffer = new Uint8Array(BUFFER_SIZE);

/**
 * Asks many things, each of which one message answers: changes with NLM_F_ACK, questions that are no dumps.
 * @param netns path of a network namespace; default the caller's
 * @returns one answer a request, in their order; result -ENOBUFS or -EAGAIN where the answer was lost, and the request
 *   may or may not be in effect
 * @throws {VtepError} ERR_VTEP_SYSTEM without an rtnetlink socket
 *
 * @example
 * const results = askAll(shim, peers.map(neighbourSetting)).map(({ result }) => result); // [0, 0, -19]
 */
export function askAll(shim: NetlinkShim, requests: readonly Uint8Array[], netns?: string): Answer[] {
  if (requests.length === 0) return [];
  const fd = shim.netlinkOpen([], netns);
  if (fd < 0) throw netlinkError(fd);
  try {
    const answers: Answer[] = [];
    for (let from = 0; from < requests.length; from += BATCH) {
      answers.push(...exchangeBatch(shim, fd, requests.slice(from, from + BATCH)));
    }
    return answers;
  } finally {
    shim.close(fd);
  }
}

function exchangeBatch(shim: NetlinkShim, fd: number, requests: readonly Uint8Array[]): Answer[] {
  const first = nextSequences(requests.length);
  requests.forEach((request, i) => setSequence(request, (first + i) >>> 0));
  const sent = shim.netlinkSend(fd, concatenated(requests), 0);
  if (sent < 0) return requests.map(() => ({ result: sent, messages: [] }));
  const answers = new Array<Answer | undefined>(requests.length).fill(undefined);
  const failure = collect(
    shim,
    fd,
    ({ type, flags, sequence, body }) => {
      const index = (sequence - first) >>> 0;
      if (index >= answers.length) return 0;
      const isNew = answers[index] === undefined;
      answers[index] =
        type === NLMSG_ERROR
          ? { result: viewOf(body).getInt32(0, true), messages: [] }
          : { result: 0, messages: [{ type, flags, sequence, body }] };
      return isNew ? 1 : 0;
    },
    requests.length,
  );
  return answers.map((answer) => answer ?? { result: failure, messages: [] });
}

/**
 * Reads until `count` answers were taken. Answers are there when they are looked for; that there is none means that it
 * was lost.
 * @returns -errno for what was not answered
 */
function collect(shim: NetlinkShim, fd: number, take: (message: Message) => number, count: number): number {
  let failure = 0;
  for (let taken = 0; taken < count;) {
    const got = shim.netlinkReceive(fd, buffer);
    // Told once, before the answers that did fit.
    if (got === ENOBUFS) failure = got;
    else if (got < 0) return failure || got;
    else for (const message of readMessages(buffer.slice(0, got))) taken += take(message);
  }
  return failure || EAGAIN;
}

/** One datagram of several messages; each is a multiple of 4 octets long. */
function concatenated(messages: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(messages.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const message of messages) {
    bytes.set(message, at);
    at += message.length;
  }
  return bytes;
}

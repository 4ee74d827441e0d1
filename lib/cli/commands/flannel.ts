/** `vtep flannel [run] FLAGS`, `vtep flannel status`: this host's part in a Flannel network. */
import { VtepError } from '../../errors.js';
import { CommandFailure } from '../failure.js';
import type { Session } from '../session.js';

/** In this process until it is told to stop. All that is heavy is loaded here. */
export async function run(session: Session, flags: readonly string[]): Promise<void> {
  process.title = 'vtep-flannel';
  const { runFlannel } = await import('../../flannel/run.js');
  try {
    await runFlannel(flags, { netns: session.options.netns });
  } catch (error) {
    throw ownWords(error);
  }
  process.exit(0);
}

export async function status(session: Session): Promise<void> {
  const { askStatus, statusSocket } = await import('../../flannel/status.js');
  const answer = await askStatus(statusSocket(session.options.netns));
  const { flannelLines } = await import('../format/flannel.js');
  session.show(flannelLines(answer), [answer]);
}

/** No kernel said this: what is wrong is a flag, the registry, or the host. */
function ownWords(error: unknown): unknown {
  if (!(error instanceof VtepError)) return error;
  return new CommandFailure(`Error: ${error.message}`, error.code === 'ERR_VTEP_ARGUMENT' ? 1 : 2, error);
}

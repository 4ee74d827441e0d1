/** /v1/daemon: the process, and how to stop it. */
import { DaemonAnswer, Nothing, answers } from './answers.js';
import type { Api, ApiContext } from './context.js';

export function daemonEndpoints(api: Api, context: ApiContext): void {
  const tags = ['daemon'];
  const show = { tags, summary: 'The process that answers', response: answers(200, DaemonAnswer) };
  api.get('/v1/daemon', { schema: show }, () => context.info());

  const stop = {
    tags,
    summary: 'Stop as on SIGTERM: created devices are removed',
    response: answers(202, Nothing),
  };
  api.delete('/v1/daemon', { schema: stop }, (_request, reply) => {
    // The answer goes out first: stopping closes this connection.
    reply.raw.once('finish', () => context.stop());
    return reply.status(202).send();
  });
}

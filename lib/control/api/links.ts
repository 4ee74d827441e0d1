/** /v1/links: the VTEPs themselves. */
import Type from 'typebox';
import type { LinkChange, LinkConfig } from '../../engine/types.js';
import type { NewLink } from '../client.js';
import { addLink, setLink, shownLink } from '../names/requests.js';
import { LinkAnswer, Nothing, RemotesAnswer, StatisticsAnswer, answers } from './answers.js';
import { vtepOf, type Api, type ApiContext } from './context.js';
import { LinkChangeBody, NewLinkBody } from './link-schemas.js';
import { DevParams } from './schemas.js';

export function linkEndpoints(api: Api, context: ApiContext): void {
  const tags = ['link'];
  const list = { tags, summary: 'All VTEPs', response: answers(200, Type.Array(LinkAnswer)) };
  api.get('/v1/links', { schema: list }, () =>
    context.engine.list().map((vtep) => shownLink(context.names, vtep)),
  );

  const add = {
    tags,
    summary: 'Add a VTEP; its interface is down',
    body: NewLinkBody,
    response: answers(201, LinkAnswer),
  };
  api.post('/v1/links', { schema: add }, async (request, reply) => {
    const link = await addLink(context.engine, context.names, request.body as NewLink);
    return reply.status(201).send(link);
  });

  const show = { tags, summary: 'One VTEP', params: DevParams, response: answers(200, LinkAnswer) };
  api.get('/v1/links/:dev', { schema: show }, (request) =>
    shownLink(context.names, vtepOf(context, request.params.dev)),
  );

  const set = {
    tags,
    summary: 'Change a VTEP',
    description: 'Options that cannot change on an existing link are refused with ERR_VTEP_FIXED.',
    params: DevParams,
    body: LinkChangeBody,
    response: answers(200, LinkAnswer),
  };
  api.patch('/v1/links/:dev', { schema: set }, (request) => {
    const change = request.body as LinkChange & Partial<LinkConfig>;
    return setLink(context.names, vtepOf(context, request.params.dev), change);
  });

  const remove = {
    tags,
    summary: 'Delete a VTEP and its interface',
    params: DevParams,
    response: answers(204, Nothing),
  };
  api.delete('/v1/links/:dev', { schema: remove }, (request, reply) => {
    context.engine.delete(vtepOf(context, request.params.dev).name);
    return reply.status(204).send();
  });

  const statistics = {
    tags,
    summary: 'Counters and drop reasons',
    params: DevParams,
    response: answers(200, StatisticsAnswer),
  };
  api.get('/v1/links/:dev/statistics', { schema: statistics }, (request) =>
    context.names.statistics(vtepOf(context, request.params.dev)),
  );

  const remotes = {
    tags,
    summary: 'VTEPs and groups that it sends to or hears from; with remoteStats what each sent and was sent',
    params: DevParams,
    response: answers(200, RemotesAnswer),
  };
  api.get('/v1/links/:dev/remotes', { schema: remotes }, (request) =>
    vtepOf(context, request.params.dev).remotes(),
  );
}

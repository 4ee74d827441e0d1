/** /v1/nexthops: nexthop objects, which FDB entries of every VTEP may refer to. */
import Type from 'typebox';
import type { NexthopTableApi } from '../../engine/api.js';
import type { NexthopEntry, NexthopRequest } from '../../engine/types.js';
import { VtepError } from '../../errors.js';
import { checkAddress } from '../validate.js';
import { FlushAnswer, NexthopAnswer, Nothing, answers } from './answers.js';
import type { Api, ApiContext } from './context.js';
import { NexthopParams, NexthopRequestBody } from './schemas.js';

const PATH = '/v1/nexthops';

function entryOf(nexthops: NexthopTableApi, id: number): NexthopEntry {
  const entry = nexthops.get(id);
  if (entry) return entry;
  throw new VtepError('ERR_VTEP_NO_ENTRY', `No such file or directory: there is no nexthop ${id}`, {
    errno: 'ENOENT',
    word: String(id),
  });
}

function complete(request: NexthopRequest): NexthopRequest {
  return request.via === undefined ? request : { ...request, via: checkAddress(request.via, 'via') };
}

export function nexthopEndpoints(api: Api, { engine }: ApiContext): void {
  const { nexthops } = engine;
  const common = { tags: ['nexthop'] };
  const list = { ...common, summary: 'All, by id', response: answers(200, Type.Array(NexthopAnswer)) };
  api.get(PATH, { schema: list }, () => nexthops.list());

  const one = { ...common, params: NexthopParams };
  const get = { ...one, summary: 'One nexthop', response: answers(200, NexthopAnswer) };
  api.get(`${PATH}/:id`, { schema: get }, (request) => entryOf(nexthops, Number(request.params.id)));

  const set = {
    ...common,
    summary: 'Add or replace; answers what was made, for its id may be left out',
    body: NexthopRequestBody,
    response: answers(200, NexthopAnswer),
  };
  api.post(PATH, { schema: set }, (request) => nexthops.set(complete(request.body as NexthopRequest)));

  const remove = {
    ...one,
    summary: 'Delete: it leaves its groups; FDB entries go with their group',
    response: answers(204, Nothing),
  };
  api.delete(`${PATH}/:id`, { schema: remove }, (request, reply) => {
    nexthops.delete(Number(request.params.id));
    return reply.status(204).send();
  });

  const flush = { ...common, summary: 'Delete all', response: answers(200, FlushAnswer) };
  api.post(`${PATH}/flush`, { schema: flush }, () => ({ flushed: nexthops.flush() }));
}

/** /v1/links/{dev}/neigh: who has which IP address. */
import Type from 'typebox';
import type { NeighbourRequest } from '../../engine/types.js';
import { checkAddress } from '../validate.js';
import { completeNeighbour, completeNeighbourFlush } from '../validate-entries.js';
import { BulkAnswer, FlushAnswer, NeighbourAnswer, Nothing, answers } from './answers.js';
import { BULK_BODY_LIMIT, BULK_SUMMARY, setEach } from './bulk.js';
import { vtepOf, type Api, type ApiContext } from './context.js';
import {
  DevParams,
  NeighbourBulkBody,
  NeighbourFlushBody,
  NeighbourParams,
  NeighbourRequestBody,
} from './schemas.js';

const PATH = '/v1/links/:dev/neigh';

export function neighbourEndpoints(api: Api, context: ApiContext): void {
  const common = { tags: ['neigh'], params: DevParams };
  const list = { ...common, summary: 'All neighbours', response: answers(200, Type.Array(NeighbourAnswer)) };
  api.get(PATH, { schema: list }, (request) => vtepOf(context, request.params.dev).neighbours.list());

  const set = {
    ...common,
    summary: 'Add, replace or change',
    body: NeighbourRequestBody,
    response: answers(204, Nothing),
  };
  api.post(PATH, { schema: set }, (request, reply) => {
    vtepOf(context, request.params.dev).neighbours.set(completeNeighbour(request.body as NeighbourRequest));
    return reply.status(204).send();
  });

  const bulk = {
    ...common,
    summary: BULK_SUMMARY,
    body: NeighbourBulkBody,
    response: answers(200, BulkAnswer),
  };
  api.post(`${PATH}/bulk`, { schema: bulk, bodyLimit: BULK_BODY_LIMIT }, (request) => {
    const { neighbours } = vtepOf(context, request.params.dev);
    const entries = request.body.entries as NeighbourRequest[];
    return setEach(entries, (entry) => neighbours.set(completeNeighbour(entry)));
  });

  const remove = {
    ...common,
    summary: 'Delete a neighbour',
    params: NeighbourParams,
    response: answers(204, Nothing),
  };
  api.delete(`${PATH}/:dst`, { schema: remove }, (request, reply) => {
    const { dev, dst } = request.params;
    vtepOf(context, dev).neighbours.delete(checkAddress(dst, 'dst'));
    return reply.status(204).send();
  });

  const flush = {
    ...common,
    summary: 'Delete what matches',
    body: NeighbourFlushBody,
    response: answers(200, FlushAnswer),
  };
  api.post(`${PATH}/flush`, { schema: flush }, (request) => ({
    flushed: vtepOf(context, request.params.dev).neighbours.flush(completeNeighbourFlush(request.body)),
  }));
}

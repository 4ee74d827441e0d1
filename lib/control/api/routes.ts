/** /v1/links/{dev}/routes: prefixes behind remote VTEPs. */
import Type from 'typebox';
import { VtepError } from '../../errors.js';
import { checkAddress } from '../validate.js';
import { checkPrefix, completeRoute } from '../validate-entries.js';
import { BulkAnswer, FlushAnswer, Nothing, RouteAnswer, answers } from './answers.js';
import { BULK_BODY_LIMIT, BULK_SUMMARY, setEach } from './bulk.js';
import { vtepOf, type Api, type ApiContext } from './context.js';
import {
  DevParams,
  LookupQuery,
  RouteBulkBody,
  RouteDeleteBody,
  RouteFlushBody,
  RouteRequestBody,
} from './schemas.js';

const PATH = '/v1/links/:dev/routes';

export function routeEndpoints(api: Api, context: ApiContext): void {
  const common = { tags: ['route'], params: DevParams };
  const list = { ...common, summary: 'All routes', response: answers(200, Type.Array(RouteAnswer)) };
  api.get(PATH, { schema: list }, (request) => vtepOf(context, request.params.dev).routes.list());

  const lookup = {
    ...common,
    summary: 'The route an address takes',
    querystring: LookupQuery,
    response: answers(200, RouteAnswer),
  };
  api.get(`${PATH}/lookup`, { schema: lookup }, (request) => {
    const address = checkAddress(request.query.address, 'address');
    const entry = vtepOf(context, request.params.dev).routes.lookup(address);
    if (entry) return entry;
    throw new VtepError('ERR_VTEP_NO_ENTRY', `no route to ${address}`, {
      errno: 'ENETUNREACH',
      word: address,
    });
  });

  const set = {
    ...common,
    summary: 'Add or replace',
    body: RouteRequestBody,
    response: answers(204, Nothing),
  };
  api.post(PATH, { schema: set }, (request, reply) => {
    vtepOf(context, request.params.dev).routes.set(completeRoute(request.body));
    return reply.status(204).send();
  });

  const bulk = { ...common, summary: BULK_SUMMARY, body: RouteBulkBody, response: answers(200, BulkAnswer) };
  api.post(`${PATH}/bulk`, { schema: bulk, bodyLimit: BULK_BODY_LIMIT }, (request) => {
    const { routes } = vtepOf(context, request.params.dev);
    return setEach(request.body.entries, (entry) => routes.set(completeRoute(entry)));
  });

  const remove = {
    ...common,
    summary: 'Delete a route',
    body: RouteDeleteBody,
    response: answers(204, Nothing),
  };
  api.delete(PATH, { schema: remove }, (request, reply) => {
    vtepOf(context, request.params.dev).routes.delete(checkPrefix(request.body.dst));
    return reply.status(204).send();
  });

  const flush = {
    ...common,
    summary: 'Delete all own routes',
    body: RouteFlushBody,
    response: answers(200, FlushAnswer),
  };
  api.post(`${PATH}/flush`, { schema: flush }, (request) => ({
    flushed: vtepOf(context, request.params.dev).routes.flush(),
  }));
}

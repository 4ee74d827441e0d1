/** /v1/links/{dev}/fdb: the forwarding database. */
import Type from 'typebox';
import type { FdbRequest } from '../../engine/types.js';
import { VtepError } from '../../errors.js';
import { deleteFdb, setFdb, setFdbAddress, shownFdb } from '../names/requests.js';
import { checkMac } from '../validate.js';
import { checkSrcVni, completeFdbFlush } from '../validate-entries.js';
import { BulkAnswer, BulkDeleteAnswer, FdbAnswer, FlushAnswer, Nothing, answers } from './answers.js';
import { BULK_BODY_LIMIT, BULK_DELETE_SUMMARY, BULK_SUMMARY, deleteEach, setEach } from './bulk.js';
import { vtepOf, type Api, type ApiContext } from './context.js';
import {
  DevParams,
  FdbBulkBody,
  FdbBulkDeleteBody,
  FdbDeleteBody,
  FdbFlushBody,
  FdbParams,
  FdbQuery,
  FdbRequestBody,
} from './schemas.js';

const PATH = '/v1/links/:dev/fdb';

export function fdbEndpoints(api: Api, context: ApiContext): void {
  const common = { tags: ['fdb'], params: DevParams };
  const list = {
    ...common,
    summary: 'All entries, newest first',
    response: answers(200, Type.Array(FdbAnswer)),
  };
  api.get(PATH, { schema: list }, (request) => {
    const vtep = vtepOf(context, request.params.dev);
    return shownFdb(context.names, vtep, vtep.fdb.list());
  });

  const get = {
    ...common,
    summary: 'The entry of a MAC',
    params: FdbParams,
    querystring: FdbQuery,
    response: answers(200, FdbAnswer),
  };
  api.get(`${PATH}/:mac`, { schema: get }, (request) => {
    const { dev, mac } = request.params;
    const vtep = vtepOf(context, dev);
    const entry = vtep.fdb.get(checkMac(mac, 'mac'), checkSrcVni(request.query.src_vni));
    if (entry) return shownFdb(context.names, vtep, [entry])[0];
    throw new VtepError('ERR_VTEP_NO_ENTRY', 'Fdb entry not found', { errno: 'ENOENT', word: mac });
  });

  const set = {
    ...common,
    summary: 'Add, append or replace',
    description: 'dst may be a DNS name, which is looked up first.',
    body: FdbRequestBody,
    response: answers(204, Nothing),
  };
  api.post(PATH, { schema: set }, async (request, reply) => {
    await setFdb(context.names, vtepOf(context, request.params.dev), request.body as FdbRequest);
    return reply.status(204).send();
  });

  const bulk = {
    ...common,
    summary: BULK_SUMMARY,
    description: 'dst is an address: names are for one entry a call.',
    body: FdbBulkBody,
    response: answers(200, BulkAnswer),
  };
  api.post(`${PATH}/bulk`, { schema: bulk, bodyLimit: BULK_BODY_LIMIT }, (request) => {
    const vtep = vtepOf(context, request.params.dev);
    return setEach(request.body.entries as FdbRequest[], (entry) =>
      setFdbAddress(context.names, vtep, entry),
    );
  });

  const remove = {
    ...common,
    summary: 'Delete an entry, or one of its destinations',
    body: FdbDeleteBody,
    response: answers(204, Nothing),
  };
  api.delete(PATH, { schema: remove }, (request, reply) => {
    deleteFdb(context.names, vtepOf(context, request.params.dev), request.body);
    return reply.status(204).send();
  });

  const bulkDelete = {
    ...common,
    summary: BULK_DELETE_SUMMARY,
    body: FdbBulkDeleteBody,
    response: answers(200, BulkDeleteAnswer),
  };
  api.delete(`${PATH}/bulk`, { schema: bulkDelete, bodyLimit: BULK_BODY_LIMIT }, (request) => {
    const vtep = vtepOf(context, request.params.dev);
    return deleteEach(request.body.entries, (entry) => deleteFdb(context.names, vtep, entry));
  });

  const flush = {
    ...common,
    summary: 'Delete what matches',
    body: FdbFlushBody,
    response: answers(200, FlushAnswer),
  };
  api.post(`${PATH}/flush`, { schema: flush }, (request) => {
    const vtep = vtepOf(context, request.params.dev);
    const flushed = vtep.fdb.flush(completeFdbFlush(request.body));
    context.names.prune(vtep);
    return { flushed };
  });
}

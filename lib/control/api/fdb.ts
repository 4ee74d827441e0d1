/** /v1/links/{dev}/fdb: the forwarding database. */
import Type from 'typebox';
import type { FdbRequest } from '../../engine/types.js';
import { VtepError } from '../../errors.js';
import { checkMac } from '../validate.js';
import { checkSrcVni, completeFdb, completeFdbFlush } from '../validate-entries.js';
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
  api.get(PATH, { schema: list }, (request) => vtepOf(context, request.params.dev).fdb.list());

  const get = {
    ...common,
    summary: 'The entry of a MAC',
    params: FdbParams,
    querystring: FdbQuery,
    response: answers(200, FdbAnswer),
  };
  api.get(`${PATH}/:mac`, { schema: get }, (request) => {
    const { dev, mac } = request.params;
    const entry = vtepOf(context, dev).fdb.get(checkMac(mac, 'mac'), checkSrcVni(request.query.src_vni));
    if (entry) return entry;
    throw new VtepError('ERR_VTEP_NO_ENTRY', 'Fdb entry not found', { errno: 'ENOENT', word: mac });
  });

  const set = {
    ...common,
    summary: 'Add, append or replace',
    body: FdbRequestBody,
    response: answers(204, Nothing),
  };
  api.post(PATH, { schema: set }, (request, reply) => {
    vtepOf(context, request.params.dev).fdb.set(completeFdb(request.body as FdbRequest));
    return reply.status(204).send();
  });

  const bulk = { ...common, summary: BULK_SUMMARY, body: FdbBulkBody, response: answers(200, BulkAnswer) };
  api.post(`${PATH}/bulk`, { schema: bulk, bodyLimit: BULK_BODY_LIMIT }, (request) => {
    const { fdb } = vtepOf(context, request.params.dev);
    return setEach(request.body.entries as FdbRequest[], (entry) => fdb.set(completeFdb(entry)));
  });

  const remove = {
    ...common,
    summary: 'Delete an entry, or one of its destinations',
    body: FdbDeleteBody,
    response: answers(204, Nothing),
  };
  api.delete(PATH, { schema: remove }, (request, reply) => {
    vtepOf(context, request.params.dev).fdb.delete(completeFdb(request.body));
    return reply.status(204).send();
  });

  const bulkDelete = {
    ...common,
    summary: BULK_DELETE_SUMMARY,
    body: FdbBulkDeleteBody,
    response: answers(200, BulkDeleteAnswer),
  };
  api.delete(`${PATH}/bulk`, { schema: bulkDelete, bodyLimit: BULK_BODY_LIMIT }, (request) => {
    const { fdb } = vtepOf(context, request.params.dev);
    return deleteEach(request.body.entries, (entry) => fdb.delete(completeFdb(entry)));
  });

  const flush = {
    ...common,
    summary: 'Delete what matches',
    body: FdbFlushBody,
    response: answers(200, FlushAnswer),
  };
  api.post(`${PATH}/flush`, { schema: flush }, (request) => ({
    flushed: vtepOf(context, request.params.dev).fdb.flush(completeFdbFlush(request.body)),
  }));
}

/** /v1/links/{dev}/mdb: the multicast database. */
import Type from 'typebox';
import type { MdbRequest } from '../../engine/types.js';
import { VtepError } from '../../errors.js';
import { deleteMdb, setMdb, shownMdb } from '../names/requests.js';
import { checkSrcVni, completeMdb, completeMdbFlush } from '../validate-entries.js';
import { FlushAnswer, MdbAnswer, Nothing, answers } from './answers.js';
import { vtepOf, type Api, type ApiContext } from './context.js';
import { DevParams, MdbDeleteBody, MdbFlushBody, MdbQuery, MdbRequestBody } from './schemas.js';

const PATH = '/v1/links/:dev/mdb';

export function mdbEndpoints(api: Api, context: ApiContext): void {
  const common = { tags: ['mdb'], params: DevParams };
  const list = {
    ...common,
    summary: 'All entries, newest first',
    response: answers(200, Type.Array(MdbAnswer)),
  };
  api.get(PATH, { schema: list }, (request) => {
    const vtep = vtepOf(context, request.params.dev);
    return shownMdb(context.names, vtep, vtep.mdb.list());
  });

  const get = {
    ...common,
    summary: 'The entry of a group and a source',
    querystring: MdbQuery,
    response: answers(200, MdbAnswer),
  };
  api.get(`${PATH}/entry`, { schema: get }, (request) => {
    const { group, source, src_vni: srcVni } = request.query;
    const key = completeMdb({ group, source, srcVni: checkSrcVni(srcVni) });
    const vtep = vtepOf(context, request.params.dev);
    const entry = vtep.mdb.get(key);
    if (entry) return shownMdb(context.names, vtep, [entry])[0];
    throw new VtepError('ERR_VTEP_NO_ENTRY', 'MDB entry not found', { errno: 'ENOENT', word: group });
  });

  const set = {
    ...common,
    summary: 'Add or replace a destination of a group',
    body: MdbRequestBody,
    response: answers(204, Nothing),
  };
  api.post(PATH, { schema: set }, async (request, reply) => {
    await setMdb(context.names, vtepOf(context, request.params.dev), request.body as MdbRequest);
    return reply.status(204).send();
  });

  const remove = {
    ...common,
    summary: 'Delete a destination of a group',
    body: MdbDeleteBody,
    response: answers(204, Nothing),
  };
  api.delete(PATH, { schema: remove }, (request, reply) => {
    deleteMdb(context.names, vtepOf(context, request.params.dev), request.body);
    return reply.status(204).send();
  });

  const flush = {
    ...common,
    summary: 'Delete the destinations that match',
    body: MdbFlushBody,
    response: answers(200, FlushAnswer),
  };
  api.post(`${PATH}/flush`, { schema: flush }, (request) => {
    const vtep = vtepOf(context, request.params.dev);
    const flushed = vtep.mdb.flush(completeMdbFlush(request.body));
    context.names.prune(vtep);
    return { flushed };
  });
}

/** /v1/links/{dev}/vnis: the VNIs of a VTEP with vnifilter. */
import Type from 'typebox';
import type { VniFilterApi, VtepApi } from '../../engine/api.js';
import type { VniRequest } from '../../engine/types.js';
import { VtepError } from '../../errors.js';
import { addVnis, shownVnis } from '../names/requests.js';
import { Nothing, VniAnswer, answers } from './answers.js';
import { vtepOf, type Api, type ApiContext } from './context.js';
import { DevParams, VniDeleteBody, VniRequestBody } from './schemas.js';

const PATH = '/v1/links/:dev/vnis';

/** A VTEP that has many VNIs. */
function manyOf(context: ApiContext, dev: string): VtepApi & { vnis: VniFilterApi } {
  const vtep = vtepOf(context, dev);
  if (hasMany(vtep)) return vtep;
  throw new VtepError(
    'ERR_VTEP_UNSUPPORTED',
    `Operation not supported: ${dev} has one VNI, its id; make a device with external vnifilter for many`,
    { errno: 'EOPNOTSUPP', word: dev },
  );
}

const hasMany = (vtep: VtepApi): vtep is VtepApi & { vnis: VniFilterApi } => vtep.vnis !== undefined;

export function vniEndpoints(api: Api, context: ApiContext): void {
  const common = { tags: ['vni'], params: DevParams };
  const list = { ...common, summary: 'All VNIs, by number', response: answers(200, Type.Array(VniAnswer)) };
  api.get(PATH, { schema: list }, (request) => {
    const vtep = manyOf(context, request.params.dev);
    return shownVnis(context.names, vtep, vtep.vnis.list());
  });

  const add = {
    ...common,
    summary: 'Add VNIs, or change those that are there; all or nothing',
    body: VniRequestBody,
    response: answers(204, Nothing),
  };
  api.post(PATH, { schema: add }, async (request, reply) => {
    await addVnis(context.names, manyOf(context, request.params.dev), request.body as VniRequest);
    return reply.status(204).send();
  });

  const remove = {
    ...common,
    summary: 'Delete VNIs; all or nothing',
    body: VniDeleteBody,
    response: answers(204, Nothing),
  };
  api.delete(PATH, { schema: remove }, (request, reply) => {
    const vtep = manyOf(context, request.params.dev);
    vtep.vnis.delete((request.body as Pick<VniRequest, 'vnis'>).vnis);
    context.names.prune(vtep);
    return reply.status(204).send();
  });
}

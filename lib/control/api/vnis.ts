/** /v1/links/{dev}/vnis: the VNIs of a VTEP with vnifilter. */
import Type from 'typebox';
import type { VniFilterApi } from '../../engine/api.js';
import type { VniRequest } from '../../engine/types.js';
import { VtepError } from '../../errors.js';
import { completeVnis } from '../validate-entries.js';
import { Nothing, VniAnswer, answers } from './answers.js';
import { vtepOf, type Api, type ApiContext } from './context.js';
import { DevParams, VniDeleteBody, VniRequestBody } from './schemas.js';

const PATH = '/v1/links/:dev/vnis';

function vnisOf(context: ApiContext, dev: string): VniFilterApi {
  const { vnis } = vtepOf(context, dev);
  if (vnis !== undefined) return vnis;
  throw new VtepError(
    'ERR_VTEP_UNSUPPORTED',
    `Operation not supported: ${dev} has one VNI, its id; make a device with external vnifilter for many`,
    { errno: 'EOPNOTSUPP', word: dev },
  );
}

export function vniEndpoints(api: Api, context: ApiContext): void {
  const common = { tags: ['vni'], params: DevParams };
  const list = { ...common, summary: 'All VNIs, by number', response: answers(200, Type.Array(VniAnswer)) };
  api.get(PATH, { schema: list }, (request) => vnisOf(context, request.params.dev).list());

  const add = {
    ...common,
    summary: 'Add VNIs, or change those that are there; all or nothing',
    body: VniRequestBody,
    response: answers(204, Nothing),
  };
  api.post(PATH, { schema: add }, (request, reply) => {
    vnisOf(context, request.params.dev).add(completeVnis(request.body as VniRequest));
    return reply.status(204).send();
  });

  const remove = {
    ...common,
    summary: 'Delete VNIs; all or nothing',
    body: VniDeleteBody,
    response: answers(204, Nothing),
  };
  api.delete(PATH, { schema: remove }, (request, reply) => {
    vnisOf(context, request.params.dev).delete((request.body as Pick<VniRequest, 'vnis'>).vnis);
    return reply.status(204).send();
  });
}

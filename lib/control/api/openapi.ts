/** GET /openapi.json: the description of the API, put together from the schemas when first asked for. */
import type { Api } from './context.js';
import { packageVersion } from '../../version.js';

const DESCRIPTION =
  'Userspace VTEPs of one network namespace. Bodies and answers are the types of the library; errors are ' +
  '{ code, message, errno?, word? }. Talk to it with: curl --unix-socket /run/vtep/$(stat -L -c %i /proc/self/ns/net).sock http://vtep/v1/links';

/** Must be registered before the routes it describes. */
export async function openapiEndpoint(api: Api): Promise<void> {
  const swagger = (await import('@fastify/swagger')).default;
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'vtep', version: packageVersion(), description: DESCRIPTION },
      servers: [{ url: 'http://vtep' }],
    },
  });
  let document: string | undefined;
  api.get('/openapi.json', { schema: { hide: true } }, (_request, reply) => {
    document ??= JSON.stringify(api.swagger());
    return reply.type('application/json').send(document);
  });
}

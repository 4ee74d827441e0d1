/** The HTTP API, assembled. Listening is the daemon's part. */
import fastify, { LogController, type FastifyBaseLogger } from 'fastify';
import { Names } from '../names/names.js';
import { daemonEndpoints } from './daemon.js';
import type { Api, ApiContext } from './context.js';
import { answerError, answerNotFound } from './errors.js';
import { fdbEndpoints } from './fdb.js';
import { buildLazyValidator } from './lazy-validation.js';
import { linkEndpoints } from './links.js';
import { mdbEndpoints } from './mdb.js';
import { metricsEndpoint } from './metrics.js';
import { monitorEndpoint } from './monitor.js';
import { neighbourEndpoints } from './neigh.js';
import { nexthopEndpoints } from './nexthops.js';
import { openapiEndpoint } from './openapi.js';
import { routeEndpoints } from './routes.js';
import { vniEndpoints } from './vnis.js';

/** No request comes near this; an unbounded body would be memory for the taking. */
const BODY_LIMIT = 64 * 1024;

/** Nothing coerced, nothing dropped, nothing invented: a request fits its schema or is refused by name. */
const AJV_OPTIONS = {
  removeAdditional: false,
  useDefaults: false,
  coerceTypes: false,
  verbose: true,
  allErrors: false,
};

/** JSON whatever the content type says (curl -d says x-www-form-urlencoded), and nothing means {}. */
function acceptJson(api: Api): void {
  api.removeAllContentTypeParsers();
  api.addContentTypeParser('*', { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, text === '' ? {} : JSON.parse(text as string));
    } catch (cause) {
      done(
        Object.assign(new Error(`the body is not JSON: ${(cause as Error).message}`), { statusCode: 400 }),
      );
    }
  });
  api.addHook('preValidation', async (request) => {
    if (request.body === undefined && request.method !== 'GET') request.body = {};
  });
}

/**
 * Builds the API over an engine.
 * @param given without names, they are looked up by the host's resolver and nobody hears of their changes
 * @param log pino, or what looks like it; absent = silent
 * @param prepare called before the routes are made: the place for hooks
 */
export async function buildServer(
  given: Omit<ApiContext, 'names'> & Partial<ApiContext>,
  log?: FastifyBaseLogger,
  prepare: (api: Api) => void = () => {},
): Promise<Api> {
  const context: ApiContext = { ...given, names: given.names ?? new Names(given) };
  const api = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: true,
    exposeHeadRoutes: false, // HEAD of the monitor would never end.
    ajv: { customOptions: AJV_OPTIONS },
    schemaController: { compilersFactory: { buildValidator: buildLazyValidator } },
  }) as unknown as Api;
  // Answer schemas are documentation: one serialiser a route would cost megabytes and drop what it does not know.
  api.setSerializerCompiler(() => (data) => JSON.stringify(data));
  api.setErrorHandler(answerError);
  api.setNotFoundHandler(answerNotFound);
  acceptJson(api);
  prepare(api);
  await openapiEndpoint(api);
  // Registered as a plugin so that the OpenAPI collector sees every route.
  await api.register(async (scope) => {
    const routes = scope as unknown as Api;
    for (const endpoints of [
      daemonEndpoints,
      linkEndpoints,
      fdbEndpoints,
      mdbEndpoints,
      neighbourEndpoints,
      nexthopEndpoints,
      routeEndpoints,
      vniEndpoints,
    ]) {
      endpoints(routes, context);
    }
    monitorEndpoint(routes, context);
    metricsEndpoint(routes, context);
  });
  await api.ready();
  return api;
}

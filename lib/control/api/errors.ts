/** Every failure as { code, message, errno?, word? }: what a schema refused, what the engine threw, what nobody expected. */
import type { FastifyError, FastifyReply, FastifyRequest, FastifySchemaValidationError } from 'fastify';
import { ERROR_STATUS, VtepError } from '../../errors.js';
import type { ErrorBody } from '../transport.js';

/** Ajv's error with `verbose`: the value and the schema it broke. */
interface SchemaFault extends FastifySchemaValidationError {
  data?: unknown;
  parentSchema?: { description?: string };
}

/** `/srcport/1` -> `srcport[1]`, '' -> the whole body. */
function fieldOf(path: string): string {
  return path
    .slice(1)
    .replaceAll('/', '.')
    .replaceAll(/\.(\d+)/g, '[$1]');
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** A union fails once a branch and once as a whole; the whole is the last and the one with the description. */
function decisive(faults: SchemaFault[]): SchemaFault | undefined {
  return faults.find((fault) => fault.keyword === 'anyOf') ?? faults[0];
}

function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : shown(value);
}

/** The error of a request that does not fit its schema: what, where, expected. */
export function schemaError(faults: FastifySchemaValidationError[], where: string): VtepError {
  const fault = decisive(faults as SchemaFault[]);
  const make = (message: string, word?: string): VtepError =>
    new VtepError('ERR_VTEP_ARGUMENT', message, { errno: 'EINVAL', word });
  if (!fault) return make(`the ${where} does not fit its schema`);
  const field = fieldOf(fault.instancePath);
  const params = fault.params as Record<string, unknown>;
  if (fault.keyword === 'additionalProperties') {
    const word = String(params['additionalProperty']);
    return make(`"${word}" is unknown in this ${where}; see /openapi.json`, word);
  }
  if (fault.keyword === 'required') {
    const word = String(params['missingProperty']);
    return make(`"${word}" is missing from the ${where}`, word);
  }
  const expected = fault.parentSchema?.description ?? fault.message ?? 'something else';
  return make(`${field || `the ${where}`} is ${shown(fault.data)}; expected ${expected}`, wordOf(fault.data));
}

/** Any thrown thing as a VtepError. A failed system call keeps its errno. */
function asVtepError(error: FastifyError | Error): VtepError {
  if (error instanceof VtepError) return error;
  const fastify = error as FastifyError;
  if (fastify.validation) return schemaError(fastify.validation, fastify.validationContext ?? 'body');
  if (fastify.statusCode !== undefined && fastify.statusCode < 500) {
    return new VtepError('ERR_VTEP_ARGUMENT', error.message, { errno: 'EINVAL', cause: error });
  }
  const { code } = error as NodeJS.ErrnoException;
  const errno = code !== undefined && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
  return new VtepError('ERR_VTEP_SYSTEM', error.message, { errno, cause: error });
}

/** The JSON of an error; absent fields are left out. */
export function errorBody(error: VtepError): ErrorBody {
  return { code: error.code, message: error.message, errno: error.errno, word: error.word };
}

/** Fastify's error handler. What nobody expected is logged with its stack. */
export function answerError(error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): void {
  const known = asVtepError(error);
  if (known.code === 'ERR_VTEP_SYSTEM') request.log.error({ err: error, url: request.url }, known.message);
  else request.log.debug({ code: known.code, url: request.url }, known.message);
  void reply.status(ERROR_STATUS[known.code]).send(errorBody(known));
}

/** Fastify's handler for paths and methods that do not exist. */
export function answerNotFound(request: FastifyRequest, reply: FastifyReply): void {
  const message = `there is no ${request.method} ${request.url}; see /openapi.json`;
  void reply.status(404).send({ code: 'ERR_VTEP_ARGUMENT', message, word: request.url });
}

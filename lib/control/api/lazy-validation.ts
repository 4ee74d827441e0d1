/**
 * Request schemas are compiled when the first request comes that they are for: all together take a fifth of a second, a
 * quarter of what a daemon needs to start, and most are never asked for.
 */
import { AjvCompiler } from '@fastify/ajv-compiler';

type Build = ReturnType<typeof AjvCompiler>;
type Compile = ReturnType<Build>;
type Validate = ReturnType<Compile>;

/** What fastify's schemaController.compilersFactory takes as buildValidator. */
export function buildLazyValidator(...[schemas, options]: Parameters<Build>): Compile {
  let compile: Compile | undefined;
  return (route) => {
    let validate: Validate | undefined;
    /* Fastify calls it and reads the errors; Ajv's type wants more. */
    const lazy = ((data: unknown) => {
      compile ??= AjvCompiler()(schemas, options);
      validate ??= compile(route);
      const verdict = validate(data);
      lazy.errors = validate.errors;
      return verdict;
    }) as Validate;
    return lazy;
  };
}

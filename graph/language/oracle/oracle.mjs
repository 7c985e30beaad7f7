// Judges requests by graphql-js. Each line of standard input is a JSON array of
// requests, and each is answered by a line with an array of verdicts.
//
// A request is {schema, query, variables}, with the schema by its place among
// the SDL files named as arguments; or {schema, introspect: true}. A verdict is
// {stage, message, variables}. The stage is where the request was refused:
// "parse", "validation", "variables", "nulls" (a null where none is allowed,
// found only when its field is executed), or "executed".
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import {
  GraphQLError, Kind, buildSchema, execute, getIntrospectionQuery, getNamedType, getVariableValues, introspectionFromSchema,
  isAbstractType, isEnumType, isListType, isNonNullType, isObjectType, parse, validate, valueFromASTUntyped,
} from 'graphql';

// The options under which everything of the schema is shown.
const everything = {
  descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true,
};

// Our custom scalars, as their descriptions define them.
const scalars = {
  DateTime: (v) => typeof v === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(v) && !Number.isNaN(Date.parse(v)),
  JSONObject: (v) => typeof v === 'object' && v !== null && !Array.isArray(v),
};

function load(file) {
  const schema = buildSchema(readFileSync(file, 'utf8'));
  for (const [name, fits] of Object.entries(scalars)) {
    const type = schema.getType(name);
    if (type === undefined) continue;
    type.parseValue = (value) => {
      if (!fits(value)) throw new GraphQLError(`not a ${name}`);
      return value;
    };
    type.parseLiteral = (node, variables) => {
      refuse(node);
      return type.parseValue(valueFromASTUntyped(node, variables));
    };
    type.serialize = (value) => value;
  }
  return schema;
}

// refuse refuses what JSON does not have.
function refuse(node) {
  if (node.kind === Kind.ENUM) throw new GraphQLError('enum values are not JSON');
  if (node.kind === Kind.INT || node.kind === Kind.FLOAT) {
    if (!Number.isFinite(Number(node.value))) throw new GraphQLError('too large');
  }
  for (const value of node.values ?? []) refuse(value);
  for (const field of node.fields ?? []) refuse(field.value);
}

// resolve gives every field a value that fits its type, so that all that can go
// wrong are arguments.
function resolve(schema, type) {
  if (isNonNullType(type)) return resolve(schema, type.ofType);
  if (isListType(type)) {
    const item = getNamedType(type);
    if (isAbstractType(item)) return schema.getPossibleTypes(item).map((t) => ({ __typename: t.name }));
    return [resolve(schema, type.ofType)];
  }
  if (isAbstractType(type)) return { __typename: schema.getPossibleTypes(type)[0].name };
  if (isObjectType(type)) return {};
  if (isEnumType(type)) return type.getValues()[0].value;
  return { Int: 1, Float: 1, Boolean: true }[type.name] ?? 'x';
}

function judge(schema, { query, variables }) {
  let document;
  try {
    document = parse(query);
  } catch (error) {
    return { stage: 'parse', message: error.message };
  }
  const invalid = validate(schema, document);
  if (invalid.length > 0) return { stage: 'validation', message: invalid.map((e) => e.message).join('; ') };
  const operation = document.definitions.find((d) => d.kind === Kind.OPERATION_DEFINITION);
  const { errors, coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
  if (errors) return { stage: 'variables', message: errors[0].message };
  const result = execute({
    schema, document, variableValues: variables, operationName: operation.name?.value,
    fieldResolver: (_source, _args, _context, info) => resolve(schema, info.returnType),
  });
  if (result.errors) return { stage: 'nulls', message: result.errors[0].message };
  return { stage: 'executed', variables: coerced };
}

const schemas = process.argv.slice(2).map(load);
for await (const line of createInterface({ input: process.stdin })) {
  const verdicts = JSON.parse(line).map((request) => {
    const schema = schemas[request.schema];
    if (request.introspect) return { query: getIntrospectionQuery(everything), data: introspectionFromSchema(schema, everything) };
    return judge(schema, request);
  });
  process.stdout.write(JSON.stringify(verdicts) + '\n');
}

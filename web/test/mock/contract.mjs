// SPDX-License-Identifier: Apache-2.0
//
// What the mock answers is held to src/api/openapi.json: a mock that drifts from the contract would test a page that
// does not work with the server.
import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

export const document = JSON.parse(readFileSync(new URL("../../../src/api/openapi.json", import.meta.url), "utf8"));
const ajv = new Ajv({ strict: false, allErrors: false });
addFormats(ajv);
ajv.addSchema(document, "openapi.json");

const validators = new Map();
export function check(schema, value) {
  let validate = validators.get(schema);
  if (validate === undefined) {
    validate = ajv.compile({ $ref: `openapi.json#/components/schemas/${schema}` });
    validators.set(schema, validate);
  }
  return validate(value) ? [] : validate.errors.map((error) => `${schema}${error.instancePath} ${error.message}`);
}

// "/api/v1/policies/{namespace}/{name}" -> a regular expression; the fixed ones come before those with parameters.
const routes = Object.entries(document.paths).map(([path, operations]) => ({
  path, operations, regex: new RegExp(`^${path.replace(/\{[^}]+\}/g, "([^/]+)")}$`),
})).sort((a, b) => Number(a.path.includes("{")) - Number(b.path.includes("{")));

export function routeOf(method, pathname) {
  for (const { path, operations, regex } of routes) {
    const found = regex.exec(pathname);
    const operation = operations[method.toLowerCase()];
    if (found !== null && operation !== undefined) return { path, operation, parameters: found.slice(1).map(decodeURIComponent) };
  }
  return undefined;
}

function resolve(value) {
  if (value?.$ref === undefined) return value;
  return value.$ref.slice(2).split("/").reduce((node, key) => node[key], document);
}

// The name of the schema of an answer, or of a request (`status` left out).
export function schemaOf(operation, status) {
  const holder = status === undefined ? operation.requestBody : resolve(operation.responses[String(status)]);
  for (const [type, media] of Object.entries(resolve(holder)?.content ?? {})) {
    if (type.includes("json")) return media.schema.$ref?.split("/").pop();
  }
  return undefined;
}

// Problems of a request's headers and query by the operation's parameters.
export function checkParameters(operation, headers, query) {
  const problems = [];
  const known = new Set();
  for (const reference of operation.parameters ?? []) {
    const parameter = resolve(reference);
    if (parameter.in === "path") continue;
    known.add(parameter.name);
    const raw = parameter.in === "query" ? query.get(parameter.name) : headers[parameter.name.toLowerCase()];
    if (raw === null || raw === undefined) continue;
    const value = parameter.schema.type === "integer" ? Number(raw) : raw;
    if (!ajv.validate(parameter.schema, value)) problems.push(`${parameter.name}: '${raw}' ${ajv.errorsText()}`);
  }
  for (const name of query.keys()) if (!known.has(name)) problems.push(`the query '${name}' is not in the contract`);
  return problems;
}

// SPDX-License-Identifier: Apache-2.0
//
// src/api/types.ts from the server's own openapi.json, so that the page and the server can't drift apart.
//   node tools/generate-types.mjs OPENAPI [--check]      --check: fails if the file is not what would be written
import { readFileSync, writeFileSync } from "node:fs";

const target = new URL("../src/api/types.ts", import.meta.url);
const [source, check] = process.argv.slice(2);
if (source === undefined) throw new Error("usage: generate-types.mjs OPENAPI [--check]");

function typeOf(schema, indent) {
  if (schema === true || schema === undefined || Object.keys(schema).length === 0) return "unknown";
  if (schema.$ref) return schema.$ref.replace("#/components/schemas/", "");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  for (const key of ["oneOf", "anyOf"]) {
    if (schema[key]) return schema[key].map((one) => typeOf(one, indent)).join(" | ");
  }
  if (schema.allOf) return schema.allOf.map((one) => typeOf(one, indent)).join(" & ");
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type }, indent)).join(" | ");
  switch (schema.type) {
    case "string":
      return "string";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "null":
      return "null";
    case "array":
      return arrayOf(typeOf(schema.items, indent));
    case "object":
      return objectOf(schema, indent);
    default:
      return "unknown";
  }
}

function arrayOf(item) {
  return /^[A-Za-z]+$/.test(item) ? `${item}[]` : `Array<${item}>`;
}

function objectOf(schema, indent) {
  if (!schema.properties) {
    const value = schema.additionalProperties;
    return `Record<string, ${value === true || value === undefined ? "unknown" : typeOf(value, indent)}>`;
  }
  const inner = `${indent}  `;
  const required = new Set(schema.required ?? []);
  const lines = Object.entries(schema.properties).flatMap(([name, property]) => {
    const comment = property.description ? [`${inner}// ${property.description.replaceAll("\n", " ")}`] : [];
    return [...comment, `${inner}${name}${required.has(name) ? "" : "?"}: ${typeOf(property, inner)};`];
  });
  return `{\n${lines.join("\n")}\n${indent}}`;
}

const { components } = JSON.parse(readFileSync(source, "utf8"));
let text = "// SPDX-License-Identifier: Apache-2.0\n//\n// Written by tools/generate-types.mjs from openapi.json; not by hand.\n";
for (const [name, schema] of Object.entries(components.schemas)) {
  if (schema.description) text += `\n// ${schema.description.replaceAll("\n", " ")}`;
  text += `\nexport type ${name} = ${typeOf(schema, "")};\n`;
}

if (check === "--check") {
  if (readFileSync(target, "utf8") !== text) {
    console.error("src/api/types.ts is not what openapi.json says: run node tools/generate-types.mjs " + source);
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}

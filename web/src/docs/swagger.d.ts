// SPDX-License-Identifier: Apache-2.0
declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  interface Swagger {
    preauthorizeApiKey(scheme: string, value: string): void;
  }
  export default function SwaggerUI(options: Record<string, unknown>): Swagger;
}

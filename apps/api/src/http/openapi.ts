import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

/** The API as OpenAPI 3.1, from the schemas that the code parses by. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Orestes')
    .setDescription('Trains ELECTRA-style text encoders. Every route answers under / and, identical, under /v1/.')
    .setVersion('0.1.0')
    .setOpenAPIVersion('3.1.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key; none is needed in local mode.' })
    .addSecurityRequirements('bearer')
    .addSecurityRequirements({})
    .addServer('/')
    .addServer('/v1');
  return SwaggerModule.createDocument(app, builder.build(), { autoTagControllers: false });
}

import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import path from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { OrestesError, UserError } from '@orestes/contracts';
import { createDataSource, EmbeddedPostgres, migrate, type DataSource } from '@orestes/database';
import express, { type NextFunction, type Request, type Response } from 'express';
import { pino, type Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import { AppModule, type AppParts } from './app.module.js';
import { DEFAULT_PROJECT, KeysService } from './auth/keys.service.js';
import { ClusterLauncher } from './cluster/cluster-launcher.js';
import { isLoopback, serviceConfig, type ClusterConfig, type ServiceConfig } from './config.js';
import { admit } from './dispatch/admit.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { LocalLauncher, type LocalOptions } from './dispatch/local-launcher.js';
import { endStopped } from './dispatch/lost.js';
import { ServiceMetrics } from './health/metrics.service.js';
import { jsonBody } from './http/json-body.js';
import { localOnly } from './http/local-only.js';
import { openApiDocument } from './http/openapi.js';
import { ProblemFilter } from './http/problem-filter.js';

const BODY_BYTES = 1 << 20;
const KEEP_ALIVE_MS = 75_000;
const REPORT_BYTES = 16 << 20;

/** A service that answers. */
export interface Service {
  /** http://host:port */
  url: string;
  /** Where the embedded database's data lies; null with DATABASE_URL. */
  databaseFolder: string | null;
  /** File with the first API key, where keys are needed and there was none. */
  firstKey: string | null;
  /** Lets workers save, ends them, and everything else. */
  stop(): Promise<void>;
}

/**
 * Starts database, API, dispatcher and page.
 * @throws OrestesError DATABASE_UNAVAILABLE, DATA_IN_USE, PORT_IN_USE, STORE_DENIED
 */
export async function startService(config: ServiceConfig): Promise<Service> {
  const log = pino(
    { level: config.logLevel, redact: ['req.headers.authorization', 'req.headers["x-api-key"]'] },
    pino.destination(2),
  );
  await assertPort(config); // before anything is made
  await mkdir(config.data, { recursive: true }).catch((error: Error) => {
    throw new OrestesError('STORE_DENIED', `${config.data}: cannot be made: ${error.message}`, 1, { cause: error });
  });
  const postgres = config.databaseUrl === null ? await startPostgres(config, log) : null;
  let database: DataSource | null = null;
  let close = (): Promise<void> => Promise.resolve();
  try {
    database = await connect(config.databaseUrl ?? postgres!.url);
    const { app, launcher } = await createApp(config, database, log, await serviceName(config));
    const url = await listen(app, config);
    close = () => {
      app.getHttpServer().closeAllConnections();
      return app.close();
    };
    const firstKey = config.keys ? await makeFirstKey(app.get(KeysService), config) : null;
    await app.get(KeysService).project(DEFAULT_PROJECT);
    const dispatcher = app.get(Dispatcher);
    dispatcher.start();
    const stop = async () => {
      await dispatcher.stop();
      await launcher.stopAll(); // their last reports are still taken
      await endStopped(database!, launcher).catch((error: unknown) => log.warn({ err: error }, 'the next start tells'));
      await close();
      await database!.destroy();
      await postgres?.stop();
    };
    return { url, databaseFolder: postgres?.folder ?? null, firstKey, stop };
  } catch (error) {
    await close();
    await database?.destroy().catch(() => undefined);
    await postgres?.stop();
    throw error;
  }
}

/** A random name that stays with the data. */
async function serviceName({ data }: ServiceConfig): Promise<string> {
  const file = path.join(data, 'service-name');
  await writeFile(file, randomUUID(), { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return (await readFile(file, 'utf8')).trim();
}

/** What /openapi.json says, without a database. */
export async function apiDocument(): Promise<OpenAPIObject> {
  const config = serviceConfig({}, {});
  const database = createDataSource({ url: 'postgres://localhost/none' });
  const { app } = await createApp(config, database, pino({ level: 'silent' }), 'none');
  const document = openApiDocument(app);
  await app.close();
  return document;
}

function startPostgres({ data }: ServiceConfig, log: Logger): Promise<EmbeddedPostgres> {
  const onRestart = (problem: unknown) =>
    problem === null
      ? log.warn('PostgreSQL died and was started again')
      : log.fatal({ err: problem }, 'PostgreSQL died');
  return EmbeddedPostgres.start({ folder: path.join(data, 'database'), onRestart });
}

async function connect(url: string): Promise<DataSource> {
  try {
    const database = await createDataSource({ url }).initialize();
    await migrate(database);
    return database;
  } catch (error) {
    // The address has a password in it: it is not repeated.
    throw new OrestesError('DATABASE_UNAVAILABLE', `the database can't be used: ${(error as Error).message}`, 1, {
      cause: error,
    });
  }
}

async function createApp(config: ServiceConfig, database: DataSource, log: Logger, service: string) {
  let address = '';
  const ways = config.cluster
    ? await inCluster(config.cluster, database)
    : onThisMachine(config, database, {
        api: () => address,
        service,
        logs: path.join(config.data, 'logs'),
        onExit: () => app.get(Dispatcher).poke(),
      });
  const parts = { config, database, log, ...ways };
  const app = await NestFactory.create<NestExpressApplication>(AppModule.of(parts), {
    logger: false, // errors are told by whoever starts it, and by the problem filter
    bodyParser: false,
    abortOnError: false,
  });
  app.disable('x-powered-by');
  app.use(requestLog(log));
  app.use(app.get(ServiceMetrics).observe, headers);
  if (!config.keys) app.use(localOnly);
  app.use(unversioned);
  app.use(jsonBody({ '/attempts/': REPORT_BYTES }, BODY_BYTES));
  app.use(express.static(pages(), { index: 'index.html', maxAge: '1h', setHeaders: freshIndex }));
  app.useGlobalFilters(new ProblemFilter(log));
  const document = openApiDocument(app);
  SwaggerModule.setup('docs', app, document, { jsonDocumentUrl: 'openapi.json', customSiteTitle: 'Orestes API' });
  app.getHttpServer().once('listening', () => {
    const { port } = app.getHttpServer().address() as { port: number };
    const host = config.host === '0.0.0.0' ? '127.0.0.1' : config.host === '::' ? '[::1]' : config.host;
    address = `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
  });
  return { app, launcher: ways.launcher };
}

type Ways = Pick<AppParts, 'launcher' | 'placing' | 'identity'>;

/** Jobs are processes, in slots. */
function onThisMachine({ slots }: ServiceConfig, database: DataSource, options: LocalOptions): Ways {
  return { launcher: new LocalLauncher(options), placing: [() => admit(database, slots)], identity: null };
}

/** Jobs are TrainingJobs, which the operator finds places for. The client's code is loaded where there is a cluster alone. */
async function inCluster(cluster: ClusterConfig, database: DataSource): Promise<Ways> {
  const { KubeConfig, KubernetesClient } = await import('@orestes/kubernetes');
  const { publish } = await import('./cluster/publish.js');
  const { mirror } = await import('./cluster/mirror.js');
  const { ClusterIdentity } = await import('./cluster/identity.js');
  const config = new KubeConfig();
  config.loadFromDefault();
  const kubernetes = new KubernetesClient(config, { fieldManager: 'orestes-api' });
  const placing = [() => publish(database, kubernetes, cluster.namespace), () => mirror(database, kubernetes)];
  return { launcher: new ClusterLauncher(), placing, identity: new ClusterIdentity(kubernetes, cluster) };
}

/** One line a request, of what holds no secret: no header and no body. */
const requestLog = (logger: Logger) =>
  pinoHttp({
    logger,
    customLogLevel: (_, response) => (response.statusCode >= 500 ? 'error' : 'info'),
    serializers: {
      req: ({ id, method, url }: { id: unknown; method: string; url: string }) => ({ id, method, url }),
      res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
    },
  });

/** /v1/jobs is /jobs. */
function unversioned(request: Request, _: Response, next: NextFunction): void {
  if (request.url.startsWith('/v1/')) request.url = request.url.slice('/v1'.length);
  next();
}

function headers(_: Request, response: Response, next: NextFunction): void {
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('x-frame-options', 'DENY');
  next();
}

const pages = () =>
  path.join(path.dirname(createRequire(import.meta.url).resolve('@orestes/web/package.json')), 'dist');

/** Files under assets/ carry their digest in their names; the page itself is asked for each time. */
function freshIndex(response: { setHeader(name: string, value: string): void }, file: string): void {
  if (file.endsWith('.html')) response.setHeader('cache-control', 'no-cache');
}

/** @throws OrestesError PORT_IN_USE */
async function assertPort(config: ServiceConfig): Promise<void> {
  const server = createServer();
  try {
    await once(server.listen(config.port, config.host), 'listening');
  } catch (error) {
    throw notListening(error, config);
  } finally {
    server.close();
  }
}

function notListening(error: unknown, { host, port }: ServiceConfig): OrestesError {
  const { code, message } = error as NodeJS.ErrnoException;
  const why =
    code === 'EADDRINUSE'
      ? `port ${port} of ${host} is taken; choose another by --port (0: any free one)`
      : `${host}:${port} can't be listened at: ${message}`;
  return new OrestesError('PORT_IN_USE', why, 1, { cause: error });
}

async function listen(app: NestExpressApplication, config: ServiceConfig): Promise<string> {
  const { host, port } = config;
  // A client that sends just when an idle connection is closed gets no answer: clients close theirs first.
  Object.assign(app.getHttpServer(), { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: KEEP_ALIVE_MS + 5000 });
  try {
    await app.listen(port, host);
  } catch (error) {
    await app.close();
    throw notListening(error, config);
  }
  const { port: taken } = app.getHttpServer().address() as { port: number };
  return `http://${isLoopback(host) ? 'localhost' : host}:${taken}`;
}

/** Where keys are needed there must be a first one: it is given in a file, or written to one of the owner's alone, never shown. */
async function makeFirstKey(keys: KeysService, { data, firstKeyFile }: ServiceConfig): Promise<string | null> {
  if (!(await keys.none())) return null;
  const owner = await keys.project(DEFAULT_PROJECT);
  if (firstKeyFile !== null) {
    const key = await readFile(firstKeyFile, 'utf8').catch((error: Error) => wrongFirstKey(error.message));
    if (!(await keys.adopt(owner, 'first', key.trim())))
      wrongFirstKey(
        `${firstKeyFile}: not a key (allowed: ork_, 8 letters or digits, _, 43 or more random letters or digits)`,
      );
    return firstKeyFile;
  }
  const file = path.join(data, 'first-key');
  await keys.create(owner, { name: 'first' }, (key) => writeFile(file, `${key}\n`, { mode: 0o600 }));
  return file;
}

function wrongFirstKey(why: string): never {
  throw new UserError('USAGE', `ORESTES_FIRST_KEY_FILE: ${why}`);
}

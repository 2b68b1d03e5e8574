import { readFile } from 'node:fs/promises';
import {
  ClusterAnswer,
  OrestesError,
  parseDocument,
  ProblemDocument,
  shortened,
  type MirroredJob,
  type TrainingJob,
} from '@orestes/contracts';
import { Agent, request } from 'undici';
import type { OperatorConfig } from '../config.js';
import type { SeenEnding } from '../decide/ending.js';
import { NO_PROBLEM } from '../decide/refusal.js';

const ANSWER_MS = 10_000;
const TOKEN_MS = 10_000;

/** An answer of the service that is an error. */
export class ApiRefusal extends OrestesError {
  constructor(
    readonly status: number,
    code: string,
    message: string,
  ) {
    super(code, message);
  }
}

/** A newer term has written. It may be another cluster's, on the same database, or of a Lease that was deleted. */
export class Superseded extends ApiRefusal {
  constructor(
    message: string,
    /** The newest term. */
    readonly newest: number,
  ) {
    super(409, 'LEADER_SUPERSEDED', message);
  }
}

/** The service's database, as an operator that leads may write to it. Every call may be made twice. */
export class ClusterApi {
  private readonly agent = new Agent({
    connections: 64,
    keepAliveTimeout: 30_000,
    bodyTimeout: ANSWER_MS,
    headersTimeout: ANSWER_MS,
  });
  private token = { text: '', readAt: -Infinity };

  /** @param leader the term that every call is fenced by */
  constructor(
    private readonly config: Pick<OperatorConfig, 'api' | 'tokenFile' | 'pods'>,
    private readonly leader: number,
  ) {}

  register({ metadata, spec }: TrainingJob): Promise<MirroredJob> {
    const { namespace, name, uid } = metadata;
    return this.post('cluster/jobs', { namespace, name, uid, spec });
  }

  begin(trainingJob: TrainingJob, epoch: number): Promise<MirroredJob> {
    return this.tell(trainingJob, 'begin', { epoch, graceSeconds: this.config.pods.graceSeconds });
  }

  end(trainingJob: TrainingJob, epoch: number, { message, ...ending }: SeenEnding): Promise<MirroredJob> {
    return this.tell(trainingJob, 'end', { epoch, ...ending, message: shortened(message) });
  }

  waiting(trainingJob: TrainingJob, message: string): Promise<MirroredJob> {
    return this.tell(trainingJob, 'waiting', { message: shortened(message) });
  }

  ask(trainingJob: TrainingJob, what: 'cancel' | 'suspend' | 'resume'): Promise<MirroredJob> {
    return this.tell(trainingJob, what, {});
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }

  /** Of the object's job. */
  private tell({ metadata, status }: TrainingJob, what: string, body: object): Promise<MirroredJob> {
    const { namespace, name, generation = 1 } = metadata;
    return this.post(`cluster/jobs/${status!.job!.id}/${what}`, {
      object: `${namespace}/${name}`,
      generation,
      ...body,
    });
  }

  /** @throws ApiRefusal for an answer that is an error; the network's own errors as they are */
  private async post(path: string, body: object): Promise<MirroredJob> {
    const { statusCode, body: answer } = await request(new URL(path, `${this.config.api}/`), {
      method: 'POST',
      dispatcher: this.agent,
      headers: { authorization: `Bearer ${await this.bearer()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, leader: this.leader }),
    });
    const text = await answer.text();
    if (statusCode === 200) return parseDocument(ClusterAnswer, JSON.parse(text), path).job;
    const problem = ProblemDocument.safeParse(parsed(text));
    if (!problem.success) throw new ApiRefusal(statusCode, NO_PROBLEM, `${path}: ${statusCode} ${text.slice(0, 200)}`);
    const { code, detail, errors = [] } = problem.data;
    if (code === 'LEADER_SUPERSEDED') throw new Superseded(detail, Number(errors[0]?.allowed?.[0]));
    const fields = errors.map(({ pointer, message }) => `${pointer.slice(1).replaceAll('/', '.')}: ${message}`);
    throw new ApiRefusal(statusCode, code, fields.length > 0 ? fields.join('; ') : detail);
  }

  private async bearer(): Promise<string> {
    if (performance.now() - this.token.readAt > TOKEN_MS)
      this.token = { text: (await readFile(this.config.tokenFile, 'utf8')).trim(), readAt: performance.now() };
    return this.token.text;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a proxy's own words
  }
}

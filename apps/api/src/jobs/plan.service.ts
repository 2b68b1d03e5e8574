import { Inject, Injectable } from '@nestjs/common';
import { OrestesError, type PlanDocument, type ResolvedPretrain, type SubmittedSpec } from '@orestes/contracts';
import { newId } from '@orestes/database';
import { expand, isParent } from '@orestes/jobs';
import { plan, recipeHash, resolvePretrain, type Plan } from '@orestes/trainer';
import { openPretrainCorpus } from '@orestes/worker';
import { DataSource } from 'typeorm';
import type { Owner } from '../auth/keys.service.js';
import type { ServiceConfig } from '../config.js';
import { CONFIG } from '../tokens.js';
import { withOutputs } from './addresses.js';
import { SubmitService } from './submit.service.js';

interface Text {
  vocabularySize: number | null;
  digest: string | null;
  note: string | null;
}

type CorpusInput = Extract<SubmittedSpec, { kind: 'corpus' }>;

interface Planned {
  full: ResolvedPretrain;
  plan: Plan;
}

/** What a submission would do and take, by formula: nothing is run, nothing is written. */
@Injectable()
export class PlanService {
  constructor(
    private readonly database: DataSource,
    private readonly submissions: SubmitService,
    @Inject(CONFIG) private readonly config: ServiceConfig,
  ) {}

  async plan(owner: Owner, spec: SubmittedSpec): Promise<PlanDocument> {
    const nodes = expand(spec, newId);
    const jobs = this.submissions.jobsOf(owner, nodes);
    const resolved = isParent(spec) ? spec : jobs[0]!.spec;
    const none = {
      parameters: null,
      steps: null,
      tokens: null,
      flops: null,
      memoryBytes: null,
      seconds: null,
      cost: null,
    };
    const empty: PlanDocument = { spec: resolved, recipeHash: null, jobs: nodes.length, note: null, ...none };
    const pretrain = nodes.map((node) => node.spec).filter((each) => each.kind === 'pretrain');
    if (pretrain.length === 0) return { ...empty, note: 'figures are for pretraining; this has none' };
    const corpus = nodes.map((node) => node.spec).find((each) => each.kind === 'corpus');
    const text = corpus
      ? toBeBuilt(corpus)
      : await read((await withOutputs(this.database.manager, owner.id, pretrain[0]!)).corpus);
    if (text.vocabularySize === null) return { ...empty, note: text.note };
    const plans: Planned[] = pretrain.map((each) => {
      const full = resolvePretrain({ ...each, output: 'plan' });
      return { full, plan: plan(full, text.vocabularySize!) };
    });
    const sum = (of: (p: Planned) => number) => plans.reduce((total, p) => total + of(p), 0);
    const flops = sum((p) => p.plan.flops.total);
    const tunes = nodes.some((node) => node.spec.kind === 'finetune');
    const notes = [text.note, tunes ? 'fine-tuning is not counted' : null].filter((note) => note !== null);
    const [first] = plans as [Planned];
    return {
      ...empty,
      recipeHash: text.digest !== null && spec.kind === 'pretrain' ? recipeHash(first.full, text.digest) : null,
      parameters: first.plan.parameters.total,
      steps: sum((p) => p.plan.steps),
      tokens: sum((p) => p.plan.tokens),
      flops,
      memoryBytes: Math.max(...plans.map((p) => p.plan.memory.total)),
      ...(await this.timeAndCost(owner, plans, notes)),
    };
  }

  private async timeAndCost(
    owner: Owner,
    plans: readonly Planned[],
    notes: readonly string[],
  ): Promise<Pick<PlanDocument, 'seconds' | 'cost' | 'note'>> {
    const { deviceFlops, deviceHourPrice } = this.config;
    const speed = deviceFlops ?? (await this.pastSpeed(owner));
    const note = (more: string) => [...notes, more].join('; ');
    if (speed === null)
      return {
        seconds: null,
        cost: null,
        note: note('no time: no pretraining has ended here yet, and ORESTES_DEVICE_FLOPS is not set'),
      };
    const sum = (of: (planned: Planned) => number) => plans.reduce((total, planned) => total + of(planned), 0);
    const hours = sum(({ plan }) => plan.flops.total) / speed / 3600;
    const source = deviceFlops ? 'as ORESTES_DEVICE_FLOPS says' : 'as past pretrainings here';
    return {
      seconds: sum(({ full, plan }) => plan.flops.total / speed / full.engine.devices),
      cost: deviceHourPrice === null ? null : hours * deviceHourPrice,
      note: note(`time at ${speed.toExponential(1)} FLOP/s and device, one after the other, ${source}`),
    };
  }

  /** Operations a second and device that the newest pretrainings reached, the median; null where there was none. */
  private async pastSpeed(owner: Owner): Promise<number | null> {
    const [{ speed }] = await this.database.query<[{ speed: number | null }]>(
      `SELECT (percentile_cont(0.5) WITHIN GROUP (ORDER BY flops / seconds))::float8 AS speed FROM (
         SELECT job.flops, greatest(0.001, sum(extract(epoch FROM attempt.ended_at - attempt.started_at))
                  * (job.spec->'engine'->>'devices')::int) AS seconds
         FROM job JOIN attempt ON attempt.job_id = job.id
         WHERE job.project_id = $1 AND job.kind = 'pretrain' AND job.state = 'succeeded' AND job.reused_from IS NULL
           AND job.flops IS NOT NULL AND attempt.ended_at IS NOT NULL AND attempt.started_at IS NOT NULL
         GROUP BY job.id ORDER BY job.id DESC LIMIT 20) AS past`,
      [owner.id],
    );
    return speed;
  }
}

function toBeBuilt({ tokenizer }: CorpusInput): Text {
  if ('path' in tokenizer)
    return {
      vocabularySize: null,
      digest: null,
      note: 'no figures: the corpus, and with it the vocabulary, is not built yet',
    };
  const { vocabularySize } = tokenizer.train;
  const note = `the corpus is not built yet: a vocabulary of ${vocabularySize} is assumed, as asked for`;
  return { vocabularySize, digest: null, note };
}

async function read(address: string): Promise<Text> {
  try {
    const { vocabularySize, digest } = await openPretrainCorpus(address);
    return { vocabularySize, digest, note: null };
  } catch (error) {
    if (!(error instanceof OrestesError)) throw error;
    return { vocabularySize: null, digest: null, note: `no figures: ${error.message}` };
  }
}

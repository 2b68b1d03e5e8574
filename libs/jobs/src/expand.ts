import {
  addressOfJob,
  InvalidDocument,
  jobsIn,
  MOST_CHILDREN,
  parseDocument,
  putAt,
  SubmittedSpec,
  SweepBase,
  type PipelineSpec,
  type Problem,
  type SweepSpec,
} from '@orestes/contracts';

/** A job to be: what POST /jobs writes down. */
export interface JobNode {
  id: string;
  parent: string | null;
  /** Place among its parent's children. */
  index: number;
  spec: SubmittedSpec;
  /** Jobs whose outputs it needs. */
  dependsOn: string[];
}

/**
 * A submitted spec as jobs: itself first, then its children, and theirs.
 * @param newId gives each its id
 * @throws UserError INVALID_SPEC where a sweep's points do not make specs, or are too many
 */
export function expand(spec: SubmittedSpec, newId: () => string): JobNode[] {
  const nodes = expandUnder(null, 0, spec, newId);
  if (nodes.length - 1 > MOST_CHILDREN) throw tooMany(nodes.length - 1);
  return nodes;
}

function expandUnder(parent: string | null, index: number, spec: SubmittedSpec, newId: () => string): JobNode[] {
  const id = newId();
  const isParent = spec.kind === 'sweep' || spec.kind === 'pipeline';
  const node: JobNode = { id, parent, index, spec, dependsOn: isParent ? [] : jobsIn(spec) };
  if (!isParent) return [node];
  const children = spec.kind === 'sweep' ? sweepChildren(spec) : pipelineChildren(spec, newId);
  return [
    node,
    ...children.flatMap(({ spec: child, id: own }, i) =>
      expandUnder(id, i, child, own === undefined ? newId : firstThen(own, newId)),
    ),
  ];
}

interface Child {
  spec: SubmittedSpec;
  /** Where another child needs to know it. */
  id?: string;
}

function firstThen(first: string, rest: () => string): () => string {
  let next: string | null = first;
  return () => {
    const id = next ?? rest();
    next = null;
    return id;
  };
}

const inherited = ({ labels, priority, retries, reuse, resources }: SweepSpec | PipelineSpec) => ({
  labels,
  priority,
  retries,
  reuse,
  resources,
});

function pipelineChildren(spec: PipelineSpec, newId: () => string): Child[] {
  const { name, seed, engine, corpus, pretrain, finetune } = spec;
  const common = { ...inherited(spec), engine };
  const children: Child[] = [];
  const add = (child: Record<string, unknown>): string => {
    const id = newId();
    children.push({ id, spec: parseDocument(SubmittedSpec, child, 'spec') });
    return addressOfJob(id);
  };
  const text = (): Record<string, unknown> => ({
    kind: 'corpus',
    name: `${name}-corpus`,
    ...inherited(spec),
    ...(corpus as object),
  });
  const corpusAddress = typeof corpus === 'string' ? corpus : add(text());
  const checkpoint = add({
    ...pretrain,
    kind: 'pretrain',
    name: `${name}-pretrain`,
    seed,
    corpus: corpusAddress,
    ...common,
  });
  for (const task of finetune?.tasks ?? [])
    for (const weights of finetune!.weights)
      for (const s of finetune!.seeds) {
        const words = [
          name,
          taskName(task).slice(0, 10).replace(/-$/, ''),
          ...(weights === 'random' ? ['rnd'] : []),
          `s${s % 1e6}`,
        ];
        add({ ...task, kind: 'finetune', name: words.join('-'), seed: s, weights, checkpoint, ...common });
      }
  return children;
}

type PipelineTask = NonNullable<PipelineSpec['finetune']>['tasks'][number];
const taskName = ({ task }: PipelineTask) => ('glue' in task ? task.glue : task.name);

function sweepChildren(spec: SweepSpec): Child[] {
  const axes = Object.entries(spec.grid).map(([path, values]) => values.map((value) => [path, value] as const));
  if (spec.seeds) axes.push(spec.seeds.map((seed) => ['seed', seed] as const));
  const count = axes.reduce((product, axis) => product * axis.length, 1);
  if (count > MOST_CHILDREN) throw tooMany(count);
  const points = axes.reduce<(readonly [string, unknown])[][]>(
    (made, axis) => made.flatMap((point) => axis.map((setting) => [...point, setting])),
    [[]],
  );
  return points.map((point, i) => ({ spec: childAt(spec, point, i) }));
}

function childAt(spec: SweepSpec, point: (readonly [string, unknown])[], index: number): SubmittedSpec {
  const raw = structuredClone(spec.base);
  for (const [path, value] of point) putAt(raw, path, value);
  const named = { ...inherited(spec), ...raw, name: `${spec.name}-${index + 1}` };
  try {
    return parseDocument(SweepBase, named, 'spec');
  } catch (error) {
    if (!(error instanceof InvalidDocument)) throw error;
    throw new InvalidDocument(
      'spec',
      error.problems.map((problem) => atSource(problem, point)),
    );
  }
}

/** A problem of a child's field is one of the grid where the grid sets the field, else one of the base. */
function atSource(problem: Problem, point: (readonly [string, unknown])[]): Problem {
  const path = problem.path.join('.');
  const [setting] = point.find(([p]) => path === p || path.startsWith(`${p}.`) || p.startsWith(`${path}.`)) ?? [];
  if (setting === undefined) return { ...problem, path: ['base', ...problem.path] };
  return { ...problem, path: setting === 'seed' ? ['seeds'] : ['grid', setting] };
}

const tooMany = (count: number) =>
  new InvalidDocument('spec', [{ path: [], message: `makes ${count} jobs (at most ${MOST_CHILDREN})` }]);

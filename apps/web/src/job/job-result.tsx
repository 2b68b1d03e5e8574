import type {
  CorpusManifest,
  CorpusSplit,
  EvaluateResult,
  FinetuneResult,
  JobKind,
  PretrainResult,
} from '@orestes/contracts';
import type { ComponentChildren } from 'preact';
import { sortedMetrics } from '../curves/panels.js';
import { Facts, type Fact } from '../parts/facts.js';
import { JsonBlock } from '../parts/json-block.js';
import { compact, measure, whole } from '../show/numbers.js';

/** A result as the worker wrote it: its shape is its kind's. */
const RESULTS: Partial<Record<JobKind, (result: never) => ComponentChildren>> = {
  corpus: (result: CorpusManifest) => <Facts facts={corpusFacts(result)} />,
  pretrain: (result: PretrainResult) => <Pretrained result={result} />,
  finetune: (result: FinetuneResult) => <Finetuned result={result} />,
  evaluate: (result: EvaluateResult) => <Facts facts={scalars(result)} />,
};

export function JobResult({ kind, result }: { kind: JobKind; result: Record<string, unknown> }) {
  const known = (result['kind'] ?? 'corpus') === kind ? RESULTS[kind] : undefined; // a corpus is its manifest
  const facts = scalars(result);
  return (
    <section aria-label="Result">
      <h2>Result</h2>
      {known ? known(result as never) : facts.length > 0 && <Facts facts={facts} />}
      <details>
        <summary>As JSON</summary>
        <JsonBlock value={result} label="result" />
      </details>
    </section>
  );
}

function corpusFacts({ splits, dropped, sequenceLength, vocabularySize, tokenizer, digest }: CorpusManifest): Fact[] {
  const size = ({ sequences, tokens }: CorpusSplit) =>
    `${whole(sequences)} sequences${tokens === null ? '' : `, ${compact(tokens)} tokens`}`;
  return [
    ['Train', size(splits.train)],
    ['Validation', size(splits.validation)],
    ['Sequence length', sequenceLength],
    ['Vocabulary', whole(vocabularySize)],
    ['Empty documents dropped', dropped.emptyDocuments > 0 && whole(dropped.emptyDocuments)],
    ['Short ends dropped', dropped.shortChunks > 0 && whole(dropped.shortChunks)],
    ['Tokenizer', <Digest of={tokenizer} />],
    ['Digest', <Digest of={digest} />],
  ];
}

const Digest = ({ of }: { of: string }) => <code title={of}>{of.slice(0, 12)}</code>;

function Pretrained({ result }: { result: PretrainResult }) {
  return (
    <>
      <Facts
        facts={[
          ['Steps', whole(result.steps)],
          ['Tokens', compact(result.tokens)],
          ['Checkpoint', <code class="address">{result.checkpoint}</code>],
        ]}
      />
      <div class="scroll result" tabIndex={0} role="region" aria-label="Held-out measures">
        <table>
          <caption>Held out, before the first step and after the last</caption>
          <thead>
            <tr>
              <th scope="col">Measure</th>
              <th scope="col">First</th>
              <th scope="col">Last</th>
            </tr>
          </thead>
          <tbody>
            {sortedMetrics(Object.keys(result.last)).map((name) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{measure(result.first[name])}</td>
                <td>{measure(result.last[name])}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Finetuned({ result }: { result: FinetuneResult }) {
  const names = sortedMetrics(result.epochs.flatMap((epoch) => Object.keys(epoch)));
  const { metric } = result;
  return (
    <>
      <Facts
        facts={[
          ['Task', result.task],
          [metric.name, <strong>{measure(metric.last)}</strong>],
          ['Best epoch', measure(metric.best)],
          ['Weights', result.weights],
          ['Seed', result.seed],
          ['Rows dropped', result.droppedRows > 0 && whole(result.droppedRows)],
        ]}
      />
      <div class="scroll result" tabIndex={0} role="region" aria-label="Measures by epoch">
        <table>
          <caption>By epoch, on the validation set</caption>
          <thead>
            <tr>
              <th scope="col">Epoch</th>
              {names.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {result.epochs.map((epoch, i) => (
              <tr key={i}>
                <th scope="row">{i + 1}</th>
                {names.map((name) => (
                  <td key={name}>{measure(epoch[name])}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function scalars(result: Record<string, unknown>): Fact[] {
  return Object.entries(result).flatMap(([name, value]): Fact[] => {
    if (name === 'kind') return [];
    if (typeof value === 'number') return [[name, Number.isInteger(value) ? whole(value) : measure(value)]];
    return typeof value === 'string' || typeof value === 'boolean' ? [[name, String(value)]] : [];
  });
}

import { inspectCheckpoint, resolveCheckpoint } from '@orestes/checkpoint';
import { bytes, short } from '@orestes/contracts';
import { joinAddress } from '@orestes/storage';
import { print, printJson, table } from '../output.js';

/** What a checkpoint holds, every part verified. */
export async function checkpointInspect(
  address: string,
  { json, tensors }: { json: boolean; tensors: boolean },
): Promise<void> {
  const { store, key } = await resolveCheckpoint(address);
  const { manifest, groups, tensors: all } = await inspectCheckpoint(store, key);
  const where = joinAddress(store.address, key);
  if (json) return printJson({ address: where, manifest, groups, tensors: all });
  print(where);
  print(
    `step ${manifest.step}, ${manifest.samples} sequences seen, vocabulary ${manifest.vocabularySize}, recipe ${manifest.recipeHash}`,
  );
  print(
    table(
      ['group', 'tensors', 'elements', 'size', 'finite'],
      groups.map((g) => [
        g.prefix,
        g.tensors,
        short(g.elements),
        bytes(g.bytes),
        g.finite === g.elements ? 'all' : `${g.finite} of ${g.elements}`,
      ]),
    ),
  );
  if (tensors)
    print(
      table(
        ['tensor', 'shape', 'mean', 'std'],
        all.map((t) => [t.name, `[${t.shape.join(', ')}]`, figure(t.mean), figure(t.std)]),
      ),
    );
}

const figure = (value: number | null) => (value === null ? '-' : value.toPrecision(4));

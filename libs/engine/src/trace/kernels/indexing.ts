import { OrestesError } from '@orestes/contracts';
import { util } from '@tensorflow/tfjs';
import { fill, gather, gatherNd, reshape, scatter } from '../../hlo/ops.js';
import { lower } from '../backend.js';

lower('GatherV2', ({ g, inputs: { x, indices }, attrs }) => {
  if (attrs['batchDims'])
    throw new OrestesError('ENGINE_UNSUPPORTED_OP', 'xla: no lowering for GatherV2 with batchDims');
  return gather(g, x!, indices!, util.parseAxisParam(attrs['axis'] as number, [...x!.shape])[0]!);
});

lower('GatherNd', ({ g, inputs: { params, indices } }) => gatherNd(g, params!, indices!));

lower('ScatterNd', ({ g, inputs: { indices, updates }, attrs }) => {
  const base = fill(g, 0, attrs['shape'] as number[], updates!.type);
  return scatter(g, base, indices!, updates!, 'add');
});

lower('TensorScatterUpdate', ({ g, inputs: { tensor, indices, updates } }) =>
  scatter(g, tensor!, indices!, updates!, 'replace'),
);

// The gradient of gather: one scatter-add of rows.
lower('UnsortedSegmentSum', ({ g, inputs: { x, segmentIds }, attrs }) => {
  const rows = segmentIds!.shape.length;
  const base = fill(g, 0, [attrs['numSegments'] as number, ...x!.shape.slice(rows)], x!.type);
  return scatter(g, base, reshape(g, segmentIds!, [...segmentIds!.shape, 1]), x!, 'add');
});

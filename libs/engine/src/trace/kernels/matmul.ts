import type { Graph, Node } from '../../hlo/graph.js';
import { broadcastTo, convert, matMul } from '../../hlo/ops.js';
import { lower, tracingBackend } from '../backend.js';

lower('BatchMatMul', ({ g, inputs: { a, b }, attrs }) => {
  const [left, right] = alignBatch(g, a!, b!).map(matMulInput) as [Node, Node];
  return matMul(g, left, right, Boolean(attrs['transposeA']), Boolean(attrs['transposeB']), a!.type);

  /** In bf16 precision the factors are rounded; products are summed in float32 all the same. */
  function matMulInput(x: Node): Node {
    return tracingBackend.precision === 'bf16' && x.type === 'f32' ? convert(g, x, 'bf16') : x;
  }
});

/** Leading dimensions of size 1 repeat. */
function alignBatch(g: Graph, a: Node, b: Node): [Node, Node] {
  const rank = Math.max(a.shape.length, b.shape.length);
  const dim = (x: Node, i: number) => x.shape[i - rank + x.shape.length] ?? 1;
  const batch = Array.from({ length: rank - 2 }, (_, i) => Math.max(dim(a, i), dim(b, i)));
  return [broadcastTo(g, a, [...batch, ...a.shape.slice(-2)]), broadcastTo(g, b, [...batch, ...b.shape.slice(-2)])];
}

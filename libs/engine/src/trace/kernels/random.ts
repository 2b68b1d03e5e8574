import type { Graph, Node } from '../../hlo/graph.js';
import { binary, broadcastTo, convert, fill, iota, reshape, sizeOf, slice } from '../../hlo/ops.js';
import { UNIFORM } from '../../random.js';
import { PARITY, ROTATIONS } from '../../threefry.js';
import { lower } from '../backend.js';

// As threefry.ts: 32-bit words as i32, whose addition wraps.
lower(UNIFORM, ({ g, inputs: { key, use }, attrs }) => {
  const shape = attrs['shape'] as number[];
  const count = sizeOf(shape);
  const word = (i: number) => reshape(g, slice(g, key!, [i], [i + 1]), []);
  const [x, y] = threefry(g, [word(0), word(1)], [iota(g, [count], 0), broadcastTo(g, use!, [count])]);
  const bits = shift(g, 'right_logical', binary(g, 'stablehlo.xor', x, y), 8);
  const uniform = binary(g, 'stablehlo.multiply', convert(g, bits, 'f32'), fill(g, 2 ** -24, [count], 'f32'));
  return reshape(g, uniform, shape);
});

const add = (g: Graph, a: Node, b: Node): Node => binary(g, 'stablehlo.add', a, b);
const shift = (g: Graph, direction: 'left' | 'right_logical', x: Node, by: number): Node =>
  binary(g, `stablehlo.shift_${direction}`, x, fill(g, by, x.shape, 'i32'));
const rotate = (g: Graph, x: Node, by: number): Node =>
  binary(g, 'stablehlo.or', shift(g, 'left', x, by), shift(g, 'right_logical', x, 32 - by));

/** @param key two words []; @param counter two words [N] */
function threefry(g: Graph, key: [Node, Node], counter: [Node, Node]): [Node, Node] {
  const parity = binary(g, 'stablehlo.xor', binary(g, 'stablehlo.xor', key[0], key[1]), fill(g, PARITY, [], 'i32'));
  const k = [...key, parity];
  const keyed = (x: Node, i: number, plus = 0) =>
    add(g, x, broadcastTo(g, plus ? add(g, k[i % 3]!, fill(g, plus, [], 'i32')) : k[i % 3]!, x.shape));
  let [x, y] = [keyed(counter[0], 0), keyed(counter[1], 1)];
  for (let group = 0; group < 5; group++) {
    for (const by of ROTATIONS[(group % 2) as 0 | 1]) {
      x = add(g, x, y);
      y = binary(g, 'stablehlo.xor', rotate(g, y, by), x);
    }
    x = keyed(x, group + 1);
    y = keyed(y, group + 2, group + 1);
  }
  return [x, y];
}

import { type Graph, type Node, type Region, type TensorType, tensorType } from './graph.js';

export interface Argument {
  node: Node;
  /** The output that takes over this argument's memory. */
  donatedTo?: number;
  sharding?: string;
}

export interface Result {
  node: Node;
  sharding?: string;
}

/** The graph as a StableHLO module, in MLIR's generic form. Operations that no result needs are left out. */
export function printModule(
  graph: Graph,
  name: string,
  args: Argument[],
  results: Result[],
  partitions: number,
): string {
  const live = reachable(results.map((r) => r.node));
  const names = new Map<Node, string>(args.map((a, i) => [a.node, `%arg${i}`]));
  const body = printBlock(graph.nodes, live, names, '    ');
  const parameters = args.map((a, i) => `%arg${i}: ${tensorType(a.node)}${argumentAttributes(a)}`);
  const types = results.map((r) => `${tensorType(r.node)}${dictionary(shardingEntry(r.sharding))}`);
  return [
    `module @${name} attributes {mhlo.num_partitions = ${partitions} : i32, mhlo.num_replicas = 1 : i32} {`,
    `  func.func public @main(${parameters.join(', ')}) -> (${types.join(', ')}) {`,
    body,
    `    "func.return"(${results.map((r) => names.get(r.node)!).join(', ')}) : (${results.map((r) => tensorType(r.node)).join(', ')}) -> ()`,
    '  }',
    '}',
    '',
  ].join('\n');
}

const argumentAttributes = (a: Argument): string =>
  dictionary([
    ...(a.donatedTo === undefined ? [] : [`tf.aliasing_output = ${a.donatedTo} : i32`]),
    ...shardingEntry(a.sharding),
  ]);

const shardingEntry = (sharding: string | undefined): string[] => (sharding ? [`mhlo.sharding = "${sharding}"`] : []);
const dictionary = (entries: string[]): string => (entries.length > 0 ? ` {${entries.join(', ')}}` : '');

/** Every node that the roots need, through operands and regions. */
function reachable(roots: readonly Node[]): Set<Node> {
  const live = new Set<Node>();
  const pending = [...roots];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (live.has(node)) continue;
    live.add(node);
    pending.push(...node.operands, ...node.regions.flatMap((r) => r.returns));
  }
  return live;
}

function printBlock(nodes: readonly Node[], live: Set<Node>, names: Map<Node, string>, indent: string): string {
  const lines: string[] = [];
  for (const node of nodes) {
    if (!live.has(node) || node.op === 'parameter') continue;
    if (node.op === 'result') {
      names.set(node, `${names.get(node.operands[0]!)!}#${node.attributes}`);
      continue;
    }
    names.set(node, `%v${node.id}`);
    lines.push(printOperation(node, live, names, indent));
  }
  return lines.join('\n');
}

function printOperation(node: Node, live: Set<Node>, names: Map<Node, string>, indent: string): string {
  const count = node.results.length > 1 ? `:${node.results.length}` : '';
  const operands = node.operands.map((o) => names.get(o)!).join(', ');
  const attributes = node.attributes ? ` <{${node.attributes}}>` : '';
  const regions =
    node.regions.length > 0 ? ` (${node.regions.map((r) => printRegion(r, live, names, indent)).join(', ')})` : '';
  return `${indent}%v${node.id}${count} = "${node.op}"(${operands})${attributes}${regions} : ${signature(node.operands, node.results)}`;
}

function printRegion(region: Region, live: Set<Node>, names: Map<Node, string>, indent: string): string {
  const inner = `${indent}  `;
  region.parameters.forEach((p) => names.set(p, `%p${p.id}`));
  const parameters = region.parameters.map((p) => `%p${p.id}: ${tensorType(p)}`).join(', ');
  const body = printBlock(region.nodes, live, names, inner);
  const returned = region.returns.map((r) => names.get(r)!).join(', ');
  const close = `${inner}"stablehlo.return"(${returned}) : (${region.returns.map(tensorType).join(', ')}) -> ()`;
  return `{\n${indent}^bb0(${parameters}):\n${body ? `${body}\n` : ''}${close}\n${indent}}`;
}

function signature(operands: readonly TensorType[], results: readonly TensorType[]): string {
  const types = results.map(tensorType).join(', ');
  return `(${operands.map(tensorType).join(', ')}) -> ${results.length === 1 ? types : `(${types})`}`;
}

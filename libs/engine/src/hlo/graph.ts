export type ElementType = 'f32' | 'bf16' | 'i32' | 'i1';

/** Shape in elements, outermost first, and element type. */
export interface TensorType {
  readonly shape: readonly number[];
  readonly type: ElementType;
}

/** One operation. A node stands for its first result; `Node.results` says whether there are more (see `result`). */
export interface Node extends TensorType {
  readonly id: number;
  /** Dialect and name: `stablehlo.add`. */
  readonly op: string;
  readonly operands: readonly Node[];
  /** What stands in `<{...}>`. */
  readonly attributes: string;
  readonly regions: readonly Region[];
  readonly results: readonly TensorType[];
}

/** A nested block: its arguments, its operations, what it returns. */
export interface Region {
  readonly parameters: readonly Node[];
  readonly nodes: readonly Node[];
  readonly returns: readonly Node[];
}

interface Scope {
  readonly nodes: Node[];
  readonly known: Map<string, Node>;
}

export const tensorType = ({ shape, type }: TensorType): string =>
  `tensor<${shape.map((d) => `${d}x`).join('')}${type}>`;

/** A program being built. Equal operations on equal operands are one node. */
export class Graph {
  private readonly scopes: Scope[] = [{ nodes: [], known: new Map() }];
  private nextId = 0;
  /** Floating-point operations of the matrix products, loops counted in full. */
  matmulFlops = 0;
  /** How often the innermost scope runs. */
  repetitions = 1;

  get size(): number {
    return this.nextId;
  }

  get nodes(): readonly Node[] {
    return this.scopes[0]!.nodes;
  }

  add(
    op: string,
    operands: readonly Node[],
    result: TensorType,
    attributes = '',
    regions: readonly Region[] = [],
  ): Node {
    return this.addMany(op, operands, [result], attributes, regions);
  }

  addMany(
    op: string,
    operands: readonly Node[],
    results: readonly TensorType[],
    attributes = '',
    regions: readonly Region[] = [],
  ): Node {
    const mergeable = regions.length === 0 && op !== 'parameter';
    const key = mergeable
      ? `${op}(${operands.map((o) => o.id).join()})${attributes}:${results.map(tensorType).join()}`
      : '';
    const known = mergeable ? this.find(key) : undefined;
    if (known) return known;
    const { shape, type } = results[0]!;
    const node: Node = { id: this.nextId++, op, operands, shape, type, attributes, regions, results };
    const scope = this.scopes.at(-1)!;
    scope.nodes.push(node);
    if (mergeable) scope.known.set(key, node);
    return node;
  }

  /** Result `index` of an operation with several. */
  result(node: Node, index: number): Node {
    return this.add('result', [node], node.results[index]!, String(index));
  }

  parameter(type: TensorType): Node {
    return this.add('parameter', [], type);
  }

  /** Builds a nested block that runs `repetitions` times; it may use nodes of the blocks around it. */
  region(parameters: readonly TensorType[], repetitions: number, build: (parameters: Node[]) => Node[]): Region {
    const scope: Scope = { nodes: [], known: new Map() };
    this.scopes.push(scope);
    this.repetitions *= repetitions;
    try {
      const declared = parameters.map((p) => this.parameter(p));
      const returns = build(declared);
      return { parameters: declared, nodes: scope.nodes, returns };
    } finally {
      this.repetitions /= repetitions;
      this.scopes.pop();
    }
  }

  private find(key: string): Node | undefined {
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const node = this.scopes[i]!.known.get(key);
      if (node) return node;
    }
    return undefined;
  }
}

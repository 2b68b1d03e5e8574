/** Protocol-buffer wire format: field number and wire type 0 (varint) or 2 (bytes). */
const varint = (field: number, value: number): number[] => [
  field << 3,
  ...encodeVarint(BigInt.asUintN(64, BigInt(value))),
];
const message = (field: number, content: number[]): number[] => [
  (field << 3) | 2,
  ...encodeVarint(BigInt(content.length)),
  ...content,
];

function encodeVarint(value: bigint): number[] {
  const bytes: number[] = [];
  for (; value > 127n; value >>= 7n) bytes.push(Number(value & 127n) | 128);
  return [...bytes, Number(value)];
}

const text = (field: number, value: string): number[] => message(field, [...Buffer.from(value)]);

/** OptionOverrideProto { bool_field = 2 }. */
const flag = (value: boolean): number[] => varint(2, value ? 1 : 0);

/**
 * CompileOptionsProto (xla/pjrt/proto/compile_options.proto): executable_build_options { device_ordinal = -1,
 * num_replicas = 1, num_partitions, use_spmd_partitioning } and env_option_overrides.
 * @param flags XLA's own debug options, by name
 */
export function compileOptions(partitions: number, flags: Readonly<Record<string, boolean>>): Buffer {
  const build = [...varint(1, -1), ...varint(4, 1), ...varint(5, partitions)];
  if (partitions > 1) build.push(...varint(6, 1));
  const overrides = Object.entries(flags).flatMap(([name, value]) =>
    message(7, [...text(1, name), ...message(2, flag(value))]),
  );
  return Buffer.from([...message(3, build), ...overrides]);
}

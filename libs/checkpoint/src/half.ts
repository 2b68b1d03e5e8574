/** IEEE 754 binary16 bit patterns to float32, exact: subnormals, infinities and NaN included. */
export function fromFloat16(bits: Uint16Array): Float32Array {
  return widen(bits, (half) => {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
    if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
    if (fraction === 0) return sign;
    // Subnormal: fraction * 2^-24, brought to a leading one.
    const shift = Math.clz32(fraction) - 21;
    return sign | ((113 - shift) << 23) | ((fraction << (13 + shift)) & 0x7fffff);
  });
}

/** bfloat16 bit patterns to float32: the upper half of its bits. */
export const fromBfloat16 = (bits: Uint16Array): Float32Array => widen(bits, (half) => half << 16);

function widen(bits: Uint16Array, toFloat32Bits: (half: number) => number): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = toFloat32Bits(bits[i]!);
  return new Float32Array(words.buffer);
}

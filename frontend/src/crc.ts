/** CRC-32 as zlib computes it, of a text in UTF-8: tells whether a cell is the one that ran. */

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

export function crc32(text: string): number {
  let found = 0xffffffff;
  for (const byte of new TextEncoder().encode(text)) {
    found = (found >>> 8) ^ (TABLE[(found ^ byte) & 0xff] as number);
  }
  return (found ^ 0xffffffff) >>> 0;
}

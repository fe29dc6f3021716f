/**
 * The Huffman code of HPACK (RFC 7541 §5.2, Appendix B). It is canonical: the lengths of its codes, in the order
 * of the symbols, say everything. Read four bits at a time, by a table of one row for each node of the tree.
 */

/** Lengths of the codes of 0 to 255 and of EOS, as runs of `length` or `length×count`. */
const lengthRuns =
  '13 23 28×7 24 30 28×2 30 28×8 30 28×9 ' +
  '6 10×2 12 13 6 8 11 10×2 8 11 8 6×3 5×3 6×7 7 8 15 6 12 10 ' +
  '13 6 7×22 8 7 8 13 19 13 14 6 15 5 6 5 6 5 6×3 5 7×2 6×3 5 6 7 6 5×2 6 7×5 15 11 14 13 28 ' +
  '20 22 20×2 22×3 23 22 23×5 24 23 24×2 22 23 24 23×4 21 22 23 22 23×2 24 22 21 20 22×2 23×2 21 23 22×2 24 ' +
  '21 22 23×2 21×2 22 21 23 22 23×2 20 22×3 23 22×2 23 26×2 20 19 22 23 22 25 26×3 27×2 26 24 25 19 21 ' +
  '26 27×2 26 27 24 21×2 26×2 28 27×3 20 24 20 21 22 21×2 23 22×2 25×2 24×2 26 23 26 27 26×2 27×5 28 27×5 26 30';

const eos = 256;

function codeLengths(): number[] {
  return lengthRuns.split(' ').flatMap((run) => {
    const [length = 0, count = 1] = run.split('×').map(Number);
    return new Array<number>(count).fill(length);
  });
}

/** An entry: the next node, the symbol that is complete (shifted by 8), and what follows from where it stands. */
const EMITS = 1 << 16;
const FAILS = 1 << 17;
/** The text may end here: what is left of its last byte are the first bits of EOS, seven at most. */
const ENDS = 1 << 18;

/** A node has two children; a leaf is `-1 - symbol`, what is not there yet 0. */
function buildTree(): [number, number][] {
  const lengths = codeLengths();
  const symbols = lengths.map((_, symbol) => symbol);
  symbols.sort((a, b) => (lengths[a] as number) - (lengths[b] as number) || a - b);
  const tree: [number, number][] = [[0, 0]];
  let code = 0;
  let before = 0;
  for (const symbol of symbols) {
    const length = lengths[symbol] as number;
    code *= 2 ** (length - before);
    before = length;
    let node = 0;
    for (let bit = length - 1; bit >= 0; bit--) {
      const side = Math.floor(code / 2 ** bit) & 1;
      const children = tree[node] as [number, number];
      if (bit === 0) children[side] = -1 - symbol;
      else if (children[side] === 0) children[side] = tree.push([0, 0]) - 1;
      node = children[side] as number;
    }
    code++;
  }
  return tree;
}

function buildTable(): Uint32Array {
  const tree = buildTree();
  const table = new Uint32Array(tree.length * 16);
  /** Nodes that are one to seven bits of ones away from the root, and the root. */
  const endings = new Set<number>();
  for (let node = 0, bits = 0; bits < 8; bits++) {
    endings.add(node);
    node = (tree[node] as [number, number])[1];
  }
  for (let start = 0; start < tree.length; start++) {
    for (let nibble = 0; nibble < 16; nibble++) {
      table[start * 16 + nibble] = step(tree, endings, start, nibble);
    }
  }
  return table;
}

function step(
  tree: readonly [number, number][],
  endings: ReadonlySet<number>,
  start: number,
  nibble: number,
): number {
  let node = start;
  let entry = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const next = (tree[node] as [number, number])[(nibble >> bit) & 1] as number;
    if (next >= 0) {
      node = next;
      continue;
    }
    const symbol = -1 - next;
    // RFC 7541 §5.2: EOS itself must not be there.
    if (symbol === eos) return FAILS;
    entry = EMITS | (symbol << 8);
    node = 0;
  }
  return entry | node | (endings.has(node) ? ENDS : 0);
}

const table = buildTable();

/** Shared: what is in it is taken out before the next text is read. */
let scratch = Buffer.allocUnsafeSlow(4096);

/** Reads `bytes[start, end)`, as latin1. Null where it is no text of this code. */
export function readHuffman(bytes: Uint8Array, start: number, end: number): string | null {
  // The shortest code has five bits.
  const longest = Math.ceil(((end - start) * 8) / 5);
  if (scratch.length < longest) scratch = Buffer.allocUnsafeSlow(longest * 2);
  const text = scratch;
  let length = 0;
  let node = 0;
  let entry = ENDS;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    entry = table[node * 16 + (byte >> 4)] as number;
    if ((entry & EMITS) !== 0) text[length++] = (entry >> 8) & 0xff;
    else if ((entry & FAILS) !== 0) return null;
    entry = table[(entry & 0xff) * 16 + (byte & 15)] as number;
    if ((entry & EMITS) !== 0) text[length++] = (entry >> 8) & 0xff;
    else if ((entry & FAILS) !== 0) return null;
    node = entry & 0xff;
  }
  return (entry & ENDS) === 0 ? null : text.toString('latin1', 0, length);
}

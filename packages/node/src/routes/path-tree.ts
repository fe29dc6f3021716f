/**
 * The longest of many path prefixes, found in one walk along the path: a radix tree whose edges are the
 * stretches that prefixes share. Built once; a lookup makes no string and costs what the path's own
 * length costs, however many prefixes there are.
 */

interface Node<T> {
  /** What leads here from the parent. */
  readonly label: string;
  /** By the first character of their labels. */
  readonly children: Map<number, Node<T>>;
  value: T | null;
}

const slash = 0x2f;
const question = 0x3f;

export class PathTree<T> {
  readonly #root: Node<T> = { label: '', children: new Map(), value: null };

  /** `prefix` starts with a slash and ends with none, but for `/` itself. */
  add(prefix: string, value: T): void {
    const node = grow(this.#root, prefix === '/' ? '' : prefix);
    if (node.value !== null) throw new RangeError(`prefix added twice: ${prefix}`);
    node.value = value;
  }

  /**
   * The value of the longest prefix that ends where a segment of the path ends. The path may be
   * followed by a query.
   */
  find(path: string): T | null {
    if (path.charCodeAt(0) !== slash) return null;
    let node = this.#root;
    let best = node.value;
    let at = 0;
    while (at < path.length) {
      const child = node.children.get(path.charCodeAt(at));
      if (child === undefined || !path.startsWith(child.label, at)) break;
      at += child.label.length;
      node = child;
      if (child.value !== null && endsSegment(path, at)) best = child.value;
    }
    return best;
  }
}

const endsSegment = (path: string, at: number): boolean => {
  if (at === path.length) return true;
  const code = path.charCodeAt(at);
  return code === slash || code === question;
};

/** The node of a prefix below a node; made where it is missing, splitting an edge if need be. */
function grow<T>(root: Node<T>, prefix: string): Node<T> {
  let node = root;
  let rest = prefix;
  while (rest !== '') {
    const first = rest.charCodeAt(0);
    const child = node.children.get(first);
    if (child === undefined) {
      const leaf: Node<T> = { label: rest, children: new Map(), value: null };
      node.children.set(first, leaf);
      return leaf;
    }
    const shared = sharedLength(child.label, rest);
    node = shared === child.label.length ? child : split(node, child, shared);
    rest = rest.slice(shared);
  }
  return node;
}

/** Puts a node in the middle of the edge that leads to a child. */
function split<T>(parent: Node<T>, child: Node<T>, length: number): Node<T> {
  const lower: Node<T> = { ...child, label: child.label.slice(length) };
  const upper: Node<T> = {
    label: child.label.slice(0, length),
    children: new Map([[lower.label.charCodeAt(0), lower]]),
    value: null,
  };
  parent.children.set(upper.label.charCodeAt(0), upper);
  return upper;
}

const sharedLength = (a: string, b: string): number => {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
};

/** A structured document as nested lists show it: a leaf has text, a branch has children. */
export interface TreeNode {
  name: string;
  text?: string;
  children?: TreeNode[];
}

/** Larger ones are read more easily in a program for them. */
const MOST_NODES = 3000;
const DEEPEST = 24;

/** @returns undefined for what is too large or too deep to be read as a list */
export function treeOf(json: unknown): TreeNode[] | undefined {
  let left = MOST_NODES;
  const isTooMuch = (depth: number): boolean => left < 0 || depth > DEEPEST;
  const nodes = (value: object, depth: number): TreeNode[] =>
    isTooMuch(depth) ? [] : Object.entries(value).map(([key, one]) => node(Array.isArray(value) ? String(Number(key) + 1) : key, one as unknown, depth));
  const node = (name: string, value: unknown, depth: number): TreeNode => {
    left--;
    if (depth >= DEEPEST) left = -1;
    return typeof value === 'object' && value !== null ? { name, children: nodes(value, depth + 1) } : { name, text: String(value) };
  };
  const tree = typeof json === 'object' && json !== null ? nodes(json, 0) : [node('Value', json, 0)];
  return left < 0 ? undefined : tree;
}

/**
 * The one switch for everything that rests on private parts of Node: `REVERSEIT_NODE_INTERNALS=off` in the
 * environment. Read once, when the process starts. Without them all works, at the price that the README of
 * each `node-internals` folder names.
 */
export const usesNodeInternals: boolean = process.env.REVERSEIT_NODE_INTERNALS !== 'off';

/** What the environment of the process switches, read once. */
export const switches = {
  /** Bytes that are released twice, or used after, are reported: `REVERSEIT_DEBUG_LEASES=on`. */
  leaseChecks: process.env.REVERSEIT_DEBUG_LEASES === 'on',
  /** Private parts of Node are used where they work as expected; not with `REVERSEIT_NODE_INTERNALS=off`. */
  nodeInternals: process.env.REVERSEIT_NODE_INTERNALS !== 'off',
} as const;

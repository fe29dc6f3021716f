/** What the other packages of ReverseIt need of this one. Outside semantic versioning. */
export type { CheckedBackendGroup, GroupObserver } from './backends/backend-group.ts';
export { makeBackendGroup } from './backends/create-backend-group.ts';
export type { BackendSpec } from './backends/options/backend-list.ts';
export { backendOptions, listAccepted, readBackendList } from './backends/options/backend-list.ts';
export type { DiscoveryValues } from './backends/options/discovery-options.ts';
export { discoveryFault } from './backends/options/discovery-options.ts';
export type { GroupValues } from './backends/options/group-options.ts';
export { groupOptions } from './backends/options/group-options.ts';
export { poolFault } from './options/pool-options.ts';
export type { OriginMeter } from './pool/origin-meter.ts';
export { OriginMeters, otherOrigins } from './pool/origin-meter.ts';
export { createMeteredPool } from './pool/pool.ts';

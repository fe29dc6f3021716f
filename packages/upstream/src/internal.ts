/** What the other packages of ReverseIt need of this one. Outside semantic versioning. */
export type { CheckedBackendGroup, GroupObserver } from './backends/backend-group.ts';
export { discoveryFault, makeBackendGroup } from './backends/backend-group.ts';
export type { BackendSpec } from './backends/backend-list.ts';
export { listAccepted, readBackendList } from './backends/backend-list.ts';
export type { DiscoveryValues } from './backends/discovery-options.ts';
export type { GroupValues } from './backends/group-options.ts';
export { groupOptions } from './backends/group-options.ts';
export type { OriginMeter } from './pool/origin-meter.ts';
export { OriginMeters } from './pool/origin-meter.ts';
export { createMeteredPool } from './pool/pool.ts';

/** All scenarios of load, in the order of the results. */
import type { Scenario } from '../lib/scenario.ts';
import { everydayScenarios } from './everyday.ts';
import { saturatedScenarios } from './saturated.ts';

export const scenarios: readonly Scenario[] = [...everydayScenarios, ...saturatedScenarios];

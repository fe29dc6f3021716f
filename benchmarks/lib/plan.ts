/** The scenarios of a run in their order, whatever it is that they measure. */
import { featureScenario, smallGet } from '../scenarios/everyday.ts';
import { scenarios } from '../scenarios/index.ts';
import type { Bench } from './bench.ts';
import { lackOf } from './bench.ts';
import { measureLoad } from './compare.ts';
import { featureRounds, measureFeatures } from './features.ts';
import { idleScenarios, idleSeconds, measureIdle } from './idle.ts';
import { measureProfile, profileSeconds } from './profile.ts';
import type { Section } from './results.ts';
import type { Scenario } from './scenario.ts';
import { type Target, type Variants, variants } from './targets.ts';

export interface Planned {
  readonly name: string;
  /** Whether it says anything of one of these targets, be it that the target cannot take part. */
  concerns(targets: readonly Target[]): boolean;
  /** What it takes on the machine that it was estimated on. */
  seconds(targets: readonly Target[], rounds: number): number;
  measure(targets: readonly Target[], bench: Bench): Promise<Section>;
}

/** Warming up is as long as a round. */
const withWarmUp = (rounds: number): number => rounds + 1;

const load: readonly Planned[] = scenarios.map((scenario) => {
  const { name, needs, seconds, more } = scenario;
  // The further ones stand beside those that they are variants of.
  const all = (targets: readonly Target[]): readonly Target[] => [
    ...targets,
    ...more.filter((one) => targets.some((target) => one.name.startsWith(`${target.name},`))),
  ];
  return {
    name,
    concerns: () => true,
    seconds: (targets, rounds) =>
      scenario.lack === null
        ? all(targets).filter((target) => lackOf(target, needs) === null).length *
          seconds *
          withWarmUp(rounds)
        : 0,
    measure: (targets, bench) => measureLoad(scenario, all(targets), bench),
  };
});

const chosenVariants = (targets: readonly Target[]): readonly Variants[] =>
  variants.filter(({ plain }) => targets.includes(plain));

const features: Planned = {
  name: featureScenario.name,
  concerns: (targets) => chosenVariants(targets).length > 0,
  seconds: (targets, rounds) =>
    chosenVariants(targets).flatMap(({ plain, features: all }) => [plain, ...all]).length *
    featureScenario.seconds *
    withWarmUp(featureRounds(rounds)),
  measure: (targets, bench) => measureFeatures(chosenVariants(targets), bench),
};

const idle: readonly Planned[] = idleScenarios.map((scenario) => ({
  name: scenario.name,
  concerns: () => true,
  seconds: (targets, rounds) =>
    targets.filter((target) => lackOf(target, scenario.needs) === null).length *
    idleSeconds *
    rounds,
  measure: (targets, bench) => measureIdle(scenario, targets, bench),
}));

const ours = (targets: readonly Target[]): readonly Target[] =>
  chosenVariants(targets).map(({ plain }) => plain);

/** A profile of a scenario. */
export function profileOf(scenario: Scenario): Planned {
  return {
    name: scenario === smallGet ? 'profile' : `profile ${scenario.name}`,
    concerns: (targets) => ours(targets).length > 0 && scenario.lack === null,
    seconds: (targets) => ours(targets).length * profileSeconds,
    measure: (targets, bench) => measureProfile(scenario, ours(targets), bench),
  };
}

export const planned: readonly Planned[] = [...load, features, ...idle, profileOf(smallGet)];

/** What features cost: each beside the plain proxy in the same rounds, over both transports. */
import { featureScenario } from '../scenarios/everyday.ts';
import { type Bench, scaled } from './bench.ts';
import { compare, type Samples } from './compare.ts';
import type { Cost, FeatureCosts, FeatureSection } from './results.ts';
import { differences, summarize, summarizeSome } from './statistics.ts';
import type { Variants } from './targets.ts';

/** More and shorter rounds than elsewhere: what is told is the difference of neighbours. */
export const featureRounds = (rounds: number): number => rounds * 3;

export async function measureFeatures(
  variants: readonly Variants[],
  bench: Bench,
): Promise<FeatureSection> {
  const rounds = featureRounds(bench.rounds);
  const targets = variants.flatMap(({ plain, features }) => [plain, ...features]);
  const { samples, missing } = await compare(featureScenario, targets, rounds, bench);
  const { name, title, amount } = featureScenario;
  return {
    kind: 'features',
    name,
    title,
    rounds,
    amount: scaled(amount, bench.scale),
    costs: variants.flatMap((one) => costsOf(one, samples) ?? []),
    missing,
  };
}

function costsOf(
  { plain, features }: Variants,
  samples: readonly Samples[],
): FeatureCosts | undefined {
  const base = samples.find(({ target }) => target === plain);
  if (base === undefined) return undefined;
  return {
    target: plain.name,
    plain: costOf(base),
    extra: samples
      .filter(({ target }) => features.includes(target))
      .map(({ target, cpu, instructions }) => ({
        feature: target.name,
        ...costOf({
          cpu: differences(cpu, base.cpu),
          instructions: differences(instructions, base.instructions),
        }),
      })),
  };
}

const costOf = ({ cpu, instructions }: Pick<Samples, 'cpu' | 'instructions'>): Cost => ({
  cpu: summarize(cpu),
  instructions: summarizeSome(instructions),
});

/** What a run finds: one section for each scenario, as `latest.json` holds them. */
import type { Summary } from './statistics.ts';

/** Why a target has no figures in a section. */
export interface Missing {
  readonly target: string;
  readonly reason: string;
}

interface SectionHead {
  readonly name: string;
  readonly title: string;
  readonly rounds: number;
  readonly missing: readonly Missing[];
}

/** One target under load. */
export interface LoadFigure {
  readonly target: string;
  /** CPU time of the proxy per unit, in µs. */
  readonly cpu: Summary;
  readonly perSecond: Summary;
  /** Latencies in ms. */
  readonly p50: Summary;
  readonly p99: Summary;
  readonly p999: Summary;
  /** Context switches of the proxy's threads per unit, waiting and preempted. */
  readonly voluntary: Summary;
  readonly involuntary: Summary;
  /** Per unit; null where they are not counted. */
  readonly instructions: Summary | null;
  readonly cacheMisses: Summary | null;
  /** Highest resident memory since the target was started for this section, in bytes. */
  readonly peak: number;
}

export interface LoadSection extends SectionHead {
  readonly kind: 'load';
  readonly unit: string;
  /** Units in a round, or seconds of a `timed` one. */
  readonly amount: number;
  readonly timed: boolean;
  readonly figures: readonly LoadFigure[];
}

/** What features cost over one transport, per request. */
export interface FeatureCosts {
  readonly target: string;
  /** Without any of them. */
  readonly plain: Cost;
  /** More than the plain one in the same round. */
  readonly extra: readonly (Cost & { readonly feature: string })[];
}

export interface Cost {
  /** In µs. */
  readonly cpu: Summary;
  /** Null where they are not counted. */
  readonly instructions: Summary | null;
}

export interface FeatureSection extends SectionHead {
  readonly kind: 'features';
  readonly amount: number;
  readonly costs: readonly FeatureCosts[];
}

export interface IdleSection extends SectionHead {
  readonly kind: 'idle';
  readonly connections: number;
  /** Resident memory per connection, in bytes. */
  readonly figures: readonly { readonly target: string; readonly bytes: Summary }[];
}

/** Where the CPU time of one target goes, in µs per request. */
export interface Profile {
  readonly target: string;
  readonly cpu: number;
  /** Time in the kernel; it is part of the last group. */
  readonly kernel: number;
  readonly groups: readonly { readonly name: string; readonly cpu: number }[];
  /** The most expensive functions, by the time spent in themselves. */
  readonly functions: readonly {
    readonly name: string;
    readonly group: string;
    readonly cpu: number;
  }[];
}

export interface ProfileSection extends SectionHead {
  readonly kind: 'profile';
  readonly amount: number;
  readonly timed: boolean;
  readonly profiles: readonly Profile[];
}

export type Section = LoadSection | FeatureSection | IdleSection | ProfileSection;

export interface Results {
  /** ISO 8601, in UTC. */
  readonly date: string;
  readonly machine: string;
  readonly system: string;
  /** Of Node and of everything that was measured or measured with. */
  readonly versions: Readonly<Record<string, string>>;
  /** Commit of ReverseIt, where it is known. */
  readonly commit: string | null;
  /** Whether instructions and cache misses are counted, in words. */
  readonly counters: string;
  readonly seconds: number;
  readonly sections: readonly Section[];
}

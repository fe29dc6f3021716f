import { packageConfig } from '../../scripts/tsup-base.ts';

export default packageConfig({
  entry: { index: 'src/index.ts', cluster: 'src/cluster.ts' },
  commands: { cli: 'src/cli.ts', 'cluster-worker': 'src/cluster-worker.ts' },
  guardNodeVersion: true,
});

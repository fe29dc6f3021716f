import { packageConfig } from '../../scripts/tsup-base.ts';
import { pagePlugin } from './build-page.ts';

export default packageConfig({ entry: { index: 'src/index.ts' }, plugins: [pagePlugin] });

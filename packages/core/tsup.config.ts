import { packageConfig } from '../../scripts/tsup-base.ts';

export default packageConfig({
  entry: {
    index: 'src/index.ts',
    errors: 'src/errors.ts',
    http: 'src/http.ts',
    http1: 'src/http1.ts',
    websocket: 'src/websocket.ts',
    options: 'src/options.ts',
    deadlines: 'src/deadlines.ts',
    internal: 'src/internal.ts',
    'internal-server': 'src/internal-server.ts',
  },
  bundle: ['llhttp-wasm'],
});

/** nginx and HAProxy under attack: one worker or thread each, timeouts and limits as they come. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testCertificates } from '@reverseit/test-servers/certificates';
import { type ExternalName, startConfigured } from '../lib/external.ts';
import type { Usage } from '../targets/protocol.ts';
import { type Flood, prefix, respondPath } from './flood.ts';
import type { Attacked, Backends, Used } from './targets.ts';

export async function startPeer(
  name: ExternalName,
  flood: Flood,
  backends: Backends,
  core: number | null,
): Promise<Attacked> {
  const config = { nginx, haproxy }[name];
  const subject = await startConfigured(
    name,
    (folder, port) => config(folder, port, flood, backends),
    core,
  );
  let first: Usage = await subject.usage();
  const used = async (): Promise<Used> => {
    const { rss, cpu } = await subject.usage();
    return { turns: null, rss, cpu: cpu - first.cpu };
  };
  return {
    port: subject.port,
    begin: async () => {
      first = await subject.usage();
      return used();
    },
    used,
    memory: async () => (await subject.usage()).rss,
    stop: () => subject.stop(),
  };
}

/** The certificate of the listener and its key, in one file. */
function certificateIn(folder: string): string {
  const { server } = testCertificates();
  const file = join(folder, 'server.pem');
  writeFileSync(file, server.cert + server.key, { mode: 0o600 });
  return file;
}

function nginx(
  folder: string,
  port: number,
  { tls, options }: Flood,
  { attack, honest }: Backends,
): string {
  const file = certificateIn(folder);
  return `
daemon off; worker_processes 1; worker_rlimit_nofile 65536;
pid ${folder}/pid; error_log ${folder}/error.log crit;
events { worker_connections 20000; }
http {
  access_log off; client_max_body_size 0;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream attack { server 127.0.0.1:${attack}; keepalive 50; }
  upstream honest { server 127.0.0.1:${honest}; keepalive 50; }
  map $http_upgrade $upgraded { default upgrade; '' ''; }
  proxy_http_version 1.1;
  proxy_request_buffering ${options?.requestBodyBufferSize === 0 ? 'off' : 'on'}; proxy_buffering off;
  proxy_set_header Connection $upgraded; proxy_set_header Upgrade $http_upgrade;
  server {
    listen 127.0.0.1:${port}${tls ? ' ssl' : ''};
    ssl_certificate ${file}; ssl_certificate_key ${file};
    location ${prefix}/ { proxy_pass http://attack/; }
    location /honest/ { proxy_pass http://honest/; }
    location = ${respondPath} { return 200 ok; }
    location / { return 404; }
  }
}
`;
}

function haproxy(
  folder: string,
  port: number,
  { tls, http2 }: Flood,
  { attack, honest }: Backends,
): string {
  const listener = `127.0.0.1:${port}${tls ? ` ssl crt ${certificateIn(folder)}` : ''}`;
  return `
global
  nbthread 1
defaults
  mode http
  timeout client 75s
  timeout server 75s
  timeout connect 5s
  timeout tunnel 75s
frontend f
  bind ${listener}
  http-request return status 200 content-type text/plain string ok if { path ${respondPath} }
  http-request return status 404 unless { path_beg ${prefix}/ /honest/ }
  use_backend attack if { path_beg ${prefix}/ }
  use_backend honest if { path_beg /honest/ }
backend attack
  http-request replace-path ${prefix}(/.*) \\1
  server s 127.0.0.1:${attack} pool-max-conn 50${http2 === undefined ? '' : ' proto h2'}
backend honest
  http-request replace-path /honest(/.*) \\1
  server s 127.0.0.1:${honest} pool-max-conn 50
`;
}

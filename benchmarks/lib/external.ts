/** nginx and HAProxy as targets, where they are installed: one worker, 50 kept-alive backend connections. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@reverseit/test-servers/free-port';
import { credentialFiles } from './credentials.ts';
import { type Subject, startProgram } from './processes.ts';
import { scratchFolder } from './scratch.ts';
import type { Setup } from './targets.ts';

export type ExternalName = 'nginx' | 'haproxy';

const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];

interface Program {
  readonly file: string;
  readonly version: string;
}

/** The program and its version; null where it is not installed, or where /proc does not tell its costs. */
function find(name: ExternalName): Program | null {
  if (process.platform !== 'linux') return null;
  for (const folder of folders) {
    const file = join(folder, name);
    const { status, stdout, stderr } = spawnSync(file, ['-v'], { encoding: 'utf8' });
    if (status !== 0) continue;
    return { file, version: /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0] ?? 'unknown' };
  }
  return null;
}

const found: Readonly<Record<ExternalName, Program | null>> = {
  nginx: find('nginx'),
  haproxy: find('haproxy'),
};

export const isInstalled = (name: ExternalName): boolean => found[name] !== null;

/** Versions by name, of those that are installed. */
export const externalVersions = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(found).flatMap(([name, program]) =>
      program === null ? [] : [[name, program.version]],
    ),
  );

export const startExternal = (name: ExternalName, setup: Setup): Promise<Subject> =>
  startConfigured(name, (folder, port) => configure[name](folder, port, setup), setup.core);

/** Starts it with a configuration that names a port, and may put files into a folder of its own. */
export async function startConfigured(
  name: ExternalName,
  configure: (folder: string, port: number) => string,
  core: number | null,
): Promise<Subject> {
  const port = await freePort();
  const folder = mkdtempSync(join(scratchFolder(), `${name}-`));
  const config = join(folder, `${name}.conf`);
  writeFileSync(config, configure(folder, port));
  const file = found[name]?.file ?? name;
  const command: [string, ...string[]] =
    name === 'nginx' ? [file, '-p', folder, '-c', config] : [file, '-f', config];
  return startProgram(name, command, port, core);
}

const places = (routes: number): readonly string[] =>
  Array.from({ length: routes }, (_, i) => `/r/${i}/`);

function nginx(folder: string, port: number, { backend, routes, secure, http2 }: Setup): string {
  const locations = routes === 0 ? ['/'] : places(routes);
  const { keyFile, certFile } = credentialFiles();
  const scheme = secure === 'backend' ? 'https' : 'http';
  const tls =
    secure === 'listener'
      ? ` ssl${http2 === 'clients' ? ' http2' : ''}; ssl_certificate ${certFile}; ssl_certificate_key ${keyFile}; ssl_session_cache shared:s:1m`
      : '';
  return `
daemon off; worker_processes 1; worker_rlimit_nofile 65536;
pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 20000; }
http {
  access_log off; client_max_body_size 0;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  keepalive_timeout 75s; keepalive_requests 1000000000;
  upstream backend { server 127.0.0.1:${backend}; keepalive 50; keepalive_requests 1000000000; }
  map $http_upgrade $upgraded { default upgrade; '' ''; }
  proxy_http_version 1.1;
  # As all others do; its temporary files would be measured otherwise.
  proxy_request_buffering off; proxy_buffering off;
  proxy_set_header Connection $upgraded; proxy_set_header Upgrade $http_upgrade;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  server {
    listen 127.0.0.1:${port}${tls};
${locations.map((path) => `    location ${path} { proxy_pass ${scheme}://backend; }`).join('\n')}
  }
}
`;
}

function haproxy(folder: string, port: number, { backend, routes, secure, http2 }: Setup): string {
  const alpn = http2 === 'clients' ? ' alpn h2,http/1.1' : '';
  const tls = secure === 'listener' ? ` ssl crt ${credentialFiles().bothFile}${alpn}` : '';
  const backendTls = secure === 'backend' ? ' ssl verify none' : '';
  const backendProtocol = http2 === 'backends' ? ' proto h2' : '';
  const map = join(folder, 'routes.map');
  if (routes > 0)
    writeFileSync(
      map,
      places(routes)
        .map((path) => `${path} b\n`)
        .join(''),
    );
  return `
global
  nbthread 1
defaults
  mode http
  timeout client 75s
  timeout http-keep-alive 75s
  timeout server 75s
  timeout connect 5s
  timeout tunnel 75s
  option forwardfor
frontend f
  bind 127.0.0.1:${port}${tls}
  ${routes === 0 ? 'default_backend b' : `use_backend %[path,map_beg(${map})]`}
backend b
  http-reuse always
  server s 127.0.0.1:${backend} pool-max-conn 50${backendTls}${backendProtocol}
`;
}

const configure = { nginx, haproxy } as const;

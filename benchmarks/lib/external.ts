/** nginx and HAProxy as targets, where they are installed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Subject, startProgram } from './processes.ts';

const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];

function find(name: string): string | null {
  for (const folder of folders) {
    const file = join(folder, name);
    if (spawnSync(file, ['-v'], { stdio: 'ignore' }).status === 0) return file;
  }
  return null;
}

export const isInstalled = (name: 'nginx' | 'haproxy'): boolean => find(name) !== null;

export async function startExternal(
  name: 'nginx' | 'haproxy',
  backend: number,
  core: number | null,
): Promise<Subject> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'reverseit-bench-'));
  const config = join(folder, `${name}.conf`);
  writeFileSync(config, (name === 'nginx' ? nginx : haproxy)(folder, port, backend));
  const file = find(name) ?? name;
  return startProgram(
    name,
    name === 'nginx' ? [file, '-p', folder, '-c', config] : [file, '-f', config],
    port,
    core,
  );
}

const nginx = (folder: string, port: number, backend: number): string => `
daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 8000; }
http {
  access_log off; client_max_body_size 0;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  keepalive_requests 1000000000;
  upstream backend { server 127.0.0.1:${backend}; keepalive 64; keepalive_requests 1000000000; }
  map $http_upgrade $upgraded { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://backend; proxy_http_version 1.1;
      # As all others do; its temporary files would be measured otherwise.
      proxy_request_buffering off; proxy_buffering off;
      proxy_set_header Connection $upgraded; proxy_set_header Upgrade $http_upgrade;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`;

const haproxy = (_folder: string, port: number, backend: number): string => `
global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  timeout tunnel 60s
  option forwardfor
frontend f
  bind 127.0.0.1:${port}
  default_backend b
backend b
  http-reuse always
  server s 127.0.0.1:${backend}
`;

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

// nginx as a yardstick: with a constant for an answer.  One process, in the foreground, with files of
// its own.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BUILT, findCommand } from './servers.mjs';

/** Room for every connection of a crowd, twice: nginx counts both sides of a proxy. */
const MAX_CONNECTIONS = 16384;

function configuration(folder, server) {
  return `daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr error;
events { worker_connections ${MAX_CONNECTIONS}; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 100000000;
  client_max_body_size 2m;
  client_body_buffer_size 256k;
${server}
}
`;
}

function program(name, server) {
  const folder = path.join(BUILT, name);
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'nginx.conf');
  writeFileSync(file, configuration(folder, server));
  const args = ['-e', 'stderr', '-p', folder, '-c', file];
  return { name, command: findCommand('nginx'), args };
}

/** @param {{ port: number, body: string }} options body: without ' and $ */
export function constantAnswer({ port, body }) {
  return program('nginx-constant', `  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      default_type application/json;
      add_header Cache-Control no-store;
      return 200 '${body}';
    }
  }`);
}

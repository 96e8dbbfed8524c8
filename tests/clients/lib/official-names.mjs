// Preloaded into a client that is not changed: what the machine around it does in real use. With HALLWAY_BY_NAME
// the official names lead to the interceptor, as DNS would; otherwise HTTPS_PROXY is heeded, as Node.js itself
// does from 22.21 and 24.5 on (NODE_USE_ENV_PROXY). Only the way there changes: names, certificates and what is
// asked stay the client's own.

import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import tls from 'node:tls';

const { HALLWAY_BY_NAME, HTTPS_PROXY } = process.env;
const way = new URL(HALLWAY_BY_NAME || HTTPS_PROXY);
const there = { host: way.hostname, port: Number(way.port) };

/** A tunnel to the host through the proxy. */
async function tunnel(target) {
  const request = http.request({ ...there, method: 'CONNECT', path: target, headers: { Host: target } }).end();
  const [response, socket] = await once(request, 'connect');
  if (response.statusCode !== 200) throw new Error(`the proxy said ${response.statusCode}`);
  return { socket };
}

https.globalAgent.createConnection = (options, done) => {
  const name = options.servername || options.host;
  const reached = HALLWAY_BY_NAME ? Promise.resolve(there) : tunnel(`${options.host}:${options.port}`);
  reached.then((how) => done(null, tls.connect({ ...options, path: undefined, ...how, servername: name })), done);
};

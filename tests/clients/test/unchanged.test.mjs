// Clients that need no change: the interceptor stands in for the official hosts, and the clients are told by
// their environment only. The keys, the API and the queue are found under the names that are compiled in or
// that the activation code says: https://xapi-a.wbx2.com and https://webexapis.com.

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { Hallway } from '../lib/hallway.mjs';
import { install, manifest } from '../lib/integration.mjs';

const ROOM = 'Board Room';
const OFFICIAL = 'https://webexapis.com';
const library = (name) => fileURLToPath(new URL(`../lib/${name}`, import.meta.url));
const require = createRequire(import.meta.url);
const tool = path.join(path.dirname(require.resolve('workspace-integrations')), 'cli.js');

/** Runs a program with no more of the environment than it needs. Never throws. */
function program(file, args, env) {
  return new Promise((resolve) => {
    const { PATH, HOME } = process.env;
    execFile(file, args, { env: { PATH, HOME, ...env }, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, stdout, stderr });
    });
  });
}

describe('through the interceptor', () => {
  let hallway;
  let certificate;
  let proxy;
  let room;

  before(async () => {
    hallway = await Hallway.start({ args: ['--intercept', '127.0.0.1:0', '--public-url', OFFICIAL] });
    proxy = hallway.ready.interceptUrl;
    certificate = await hallway.file('ca.pem', '');
    assert.equal((await hallway.cli(['ca', 'export', certificate])).code, 0);
    room = await hallway.deviceId(ROOM);
  });
  after(() => hallway?.stop());

  test('the ready file leads the command line here, and clients to the official names', () => {
    assert.match(hallway.url, /^http:\/\/127\.0\.0\.1:/);
    assert.equal(hallway.ready.webexapisBaseUrl, `${OFFICIAL}/v1`);
    assert.match(hallway.stderr, /poses as webexapis\.com/);
  });

  const preload = ['--import', pathToFileURL(library('official-names.mjs')).href];
  const ways = {
    'as a proxy': () => ({ preload, env: { HTTPS_PROXY: proxy } }),
    'by name': () => ({ preload, env: { HALLWAY_BY_NAME: proxy } }),
  };
  if (process.allowedNodeEnvironmentFlags.has('--use-env-proxy')) {
    ways['as a proxy, by Node.js itself'] = () => ({ preload: [], env: { HTTPS_PROXY: proxy, NODE_USE_ENV_PROXY: '1' } });
  }

  for (const [name, way] of Object.entries(ways)) {
    test(`${name}, the Node SDK lives its life`, async () => {
      const installed = await install(hallway, manifest({ name }));
      const { preload: first, env } = way();
      const app = { ...env, CLIENT_ID: installed.uploaded.clientId, CLIENT_SECRET: installed.uploaded.clientSecret,
        ACTIVATION_CODE: installed.code, DEVICE: room };
      const trusting = { ...app, NODE_EXTRA_CA_CERTS: certificate };
      const { code, stdout, stderr } = await program(process.execPath, [...first, library('unchanged-app.mjs')], trusting);
      assert.equal(code, 0, `${stdout}${stderr}`);
      const saw = JSON.parse(stdout);
      assert.ok(saw.devices > 5);
      assert.deepEqual({ ...saw, devices: 0 }, {
        webexapisBaseUrl: `${OFFICIAL}/v1`, verified: installed.appId, devices: 0, volume: 71,
      });

      const doubting = await program(process.execPath, [...first, library('unchanged-app.mjs')], app);
      assert.notEqual(doubting.code, 0, 'without the certificate nothing is believed');
    });

    test(`${name}, the tool of the SDK verifies with the keys that it knows where to find`, async () => {
      const installed = await install(hallway, manifest({ name: `${name}, verified` }));
      const { preload: first, env } = way();
      const trusting = { ...env, NODE_EXTRA_CA_CERTS: certificate };
      const { stdout, stderr } = await program(process.execPath, [...first, tool, installed.code, 'env'], trusting);
      assert.match(stdout, /Successfully verified/, stderr);
      assert.ok(stdout.includes(`OAUTH_URL=${OFFICIAL}/v1/access_token`));
    });
  }

  const noCurl = spawnSync('curl', ['--version']).error && 'curl is not installed';
  test('curl', { skip: noCurl }, async () => {
    const env = { HTTPS_PROXY: proxy, CURL_CA_BUNDLE: certificate };
    const asked = ['--silent', '--show-error', '--header', `Authorization: Bearer ${hallway.token}`];
    const { code, stdout, stderr } = await program('curl', [...asked, `${OFFICIAL}/v1/organizations`], env);
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).items[0].id, hallway.ready.orgId);
    const other = await program('curl', [...asked, 'https://example.com/'], env);
    assert.notEqual(other.code, 0);
    assert.match(other.stderr, /403/);
    const named = ['--connect-to', `::${new URL(proxy).host}`];
    const direct = await program('curl', [...asked, ...named, 'https://xapi-r.wbx2.com/jwks'], { CURL_CA_BUNDLE: certificate });
    assert.equal(direct.code, 0, direct.stderr);
    assert.ok(JSON.parse(direct.stdout).keys.length > 0);
  });

  const noRequests = spawnSync('python3', ['-c', 'import requests']).status !== 0 && 'Python has no requests';
  test('Python requests, page after page', { skip: noRequests }, async () => {
    const walk = [
      'import os, requests',
      'session = requests.Session()',
      "session.headers['Authorization'] = 'Bearer ' + os.environ['TOKEN']",
      "url, seen = 'https://webexapis.com/v1/devices?max=5', 0",
      'while url:',
      '    answer = session.get(url)',
      '    answer.raise_for_status()',
      "    seen += len(answer.json()['items'])",
      "    url = answer.links.get('next', {}).get('url')",
      'print(seen)',
    ].join('\n');
    const env = { HTTPS_PROXY: proxy, REQUESTS_CA_BUNDLE: certificate, TOKEN: hallway.token };
    const { code, stdout, stderr } = await program('python3', ['-c', walk], env);
    assert.equal(code, 0, stderr);
    assert.equal(Number(stdout), hallway.devices.length);
  });
});

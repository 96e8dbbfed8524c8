// Both official clients over TLS, as they are used by default. Needs `openssl` for a certificate.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { connect as connectDevice } from 'jsxapi';
import { connect } from 'workspace-integrations';

import { Hallway } from '../lib/hallway.mjs';
import { credentials, install, manifest, start } from '../lib/integration.mjs';
import { Receiver } from '../lib/receiver.mjs';
import { within } from '../lib/waiting.mjs';

const ROOM = 'Board Room';
const missing = spawnSync('openssl', ['version']).error && 'openssl is not installed';

describe('over TLS', { skip: missing }, () => {
  let folder;
  let certificate;
  let key;
  let hallway;

  /** Makes a certificate that vouches for itself; returns the files of it and of its key. */
  function selfSigned(name) {
    const files = [path.join(folder, `${name}.pem`), path.join(folder, `${name}-key.pem`)];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
      '-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
      '-addext', 'basicConstraints=critical,CA:FALSE', '-keyout', files[1], '-out', files[0]], { stdio: 'ignore' });
    return files;
  }

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'hallway-tls-'));
    [certificate, key] = selfSigned('localhost');
    https.globalAgent.options.ca = readFileSync(certificate);
    hallway = await Hallway.start({ args: ['--tls-cert', certificate, '--tls-key', key, '--trust', certificate] });
    const cli = hallway.cli.bind(hallway);
    hallway.cli = (args, options) => cli(['--ca', certificate, ...args], options);
  });
  after(async () => {
    await hallway?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('the Node SDK lives its life, with absolute URLs', async () => {
    assert.match(hallway.url, /^https:/);
    const installed = await install(hallway, manifest({ name: 'Secured' }));
    const { integration, statuses } = await start(installed);
    const room = await hallway.deviceId(ROOM);
    await statuses.first(({ deviceId }) => deviceId === room, 'the sync');
    assert.equal(typeof await integration.xapi.status.get(room, 'Audio.Volume'), 'number');
    // `webexApi` takes only https addresses as they are.
    assert.equal((await integration.webexApi(installed.claims.appUrl)).id, installed.appId);
  });

  test('webhooks are delivered with a client certificate', async () => {
    const receiver = await Receiver.start(undefined, { cert: readFileSync(certificate), key: readFileSync(key) });
    try {
      const [own, ownKey] = selfSigned('hallway client').map((file) => readFileSync(file, 'utf8'));
      const installed = await install(hallway, manifest({ name: 'Mutual' }));
      const webhook = {
        type: 'authorization_header', secret: 'Bearer 123', targetUrl: `${receiver.url}/hook`,
        mutualTLS: { certificate: own, privateKey: ownKey },
      };
      const integration = await connect(credentials(installed, { notifications: 'webhook', webhook }));
      const { client, headers } = await receiver.requests.first(({ body }) => body.type === 'status', 'a notification');
      assert.equal(client, 'hallway client');
      assert.equal(headers.authorization, 'Bearer 123');
      const shown = (await integration.getAppInfo()).webhook.mutualTLS;
      assert.ok(shown === undefined || (shown.certificate && !shown.privateKey.includes('PRIVATE')));
    } finally {
      await receiver.stop();
    }
  });

  test('jsxapi connects by its default scheme', async () => {
    const { port } = new URL(hallway.url);
    const xapi = connectDevice(`127.0.0.1:${port}`, { username: ROOM, password: hallway.token, loglevel: 'silent' });
    xapi.on('error', () => {});
    await within(once(xapi, 'ready'), 'the connection');
    assert.equal(typeof await xapi.Status.Audio.Volume.get(), 'number');
    xapi.close();
  });
});

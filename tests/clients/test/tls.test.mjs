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

import { Hallway } from '../lib/hallway.mjs';
import { install, manifest, start } from '../lib/integration.mjs';
import { within } from '../lib/waiting.mjs';

const ROOM = 'Board Room';
const missing = spawnSync('openssl', ['version']).error && 'openssl is not installed';

describe('over TLS', { skip: missing }, () => {
  let folder;
  let certificate;
  let hallway;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'hallway-tls-'));
    certificate = path.join(folder, 'certificate.pem');
    const key = path.join(folder, 'key.pem');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
      '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
      '-addext', 'basicConstraints=critical,CA:FALSE', '-keyout', key, '-out', certificate], { stdio: 'ignore' });
    https.globalAgent.options.ca = readFileSync(certificate);
    hallway = await Hallway.start({ args: ['--tls-cert', certificate, '--tls-key', key] });
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

  test('jsxapi connects by its default scheme', async () => {
    const { port } = new URL(hallway.url);
    const xapi = connectDevice(`127.0.0.1:${port}`, { username: ROOM, password: hallway.token, loglevel: 'silent' });
    xapi.on('error', () => {});
    await within(once(xapi, 'ready'), 'the connection');
    assert.equal(typeof await xapi.Status.Audio.Volume.get(), 'number');
    xapi.close();
  });
});

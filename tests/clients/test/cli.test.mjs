// The command line: every command that has a fixed name, with its exit codes and JSON.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';

import { connect } from 'workspace-integrations';

import { Hallway, run } from '../lib/hallway.mjs';
import { credentials, manifest } from '../lib/integration.mjs';
import { eventually } from '../lib/waiting.mjs';

const ROOM = 'Studio Codec';

describe('the command line', () => {
  let hallway;
  let file;
  let app;
  let code;

  before(async () => {
    hallway = await Hallway.start();
    file = await hallway.file('manifest.json', manifest({ name: 'By hand', commands: ['Audio.*', '?Camera.*'] }));
  });
  after(() => hallway?.stop());

  /** The platform says no: exit code 1, its message and tracking id on stderr, nothing on stdout. */
  async function refused(args, mentions, { tracked = true } = {}) {
    for (const json of [[], ['--json']]) {
      const { code: exit, stdout, stderr } = await hallway.cli([...json, ...args]);
      assert.equal(exit, 1, `${args.join(' ')}: ${stderr}`);
      assert.equal(stdout, '', args.join(' '));
      assert.match(stderr, mentions);
      if (tracked) assert.match(stderr, /tracking id: \S+/, args.join(' '));
    }
  }

  /** Wrong usage: exit code 2, and nothing on stdout. */
  async function misused(...args) {
    const { code: exit, stdout, stderr } = await hallway.cli(args);
    assert.equal(exit, 2, `${args.join(' ')}: ${stderr}`);
    assert.equal(stdout, '');
    assert.notEqual(stderr, '');
  }

  /** Works for people too: text, and no JSON. */
  async function told(args, mentions, options) {
    const { code: exit, stdout, stderr } = await hallway.cli(args, options);
    assert.equal(exit, 0, `${args.join(' ')}: ${stderr}`);
    assert.match(stdout, mentions, args.join(' '));
    assert.doesNotMatch(stdout, /^[[{]/, args.join(' '));
  }

  test('manifest check', async () => {
    assert.equal((await hallway.cli(['manifest', 'check', file])).code, 0);
    const good = await hallway.json('manifest', 'check', file);
    assert.equal(typeof good, 'object');
    const text = (await readFile(file, 'utf8')).replace('"email": "integrations@', '"email": "').replace('"vendor"', '"vender"');
    const bad = await hallway.file('bad.json', text);
    const people = await hallway.cli(['manifest', 'check', bad]);
    assert.equal(people.code, 1);
    const line = text.split('\n').findIndex((found) => found.includes('"email"')) + 1;
    assert.match(people.stdout + people.stderr, new RegExp(`bad\\.json:${line}|:${line}:`), 'says the line');
    const machine = await hallway.cli(['--json', 'manifest', 'check', bad]);
    assert.equal(machine.code, 1);
    assert.equal(typeof JSON.parse(machine.stdout), 'object');
    await misused('manifest', 'check');
    const { code: exit } = await hallway.cli(['manifest', 'check', '/no/such/file']);
    assert.notEqual(exit, 0);
  });

  test('integration upload, list, show', async () => {
    app = await hallway.json('integration', 'upload', file);
    assert.ok(app.appId && app.clientId && app.clientSecret && app.manifestVersion === 1);
    await refused(['integration', 'upload', file], /.+/); // the id is taken
    await refused(['integration', 'upload', await hallway.file('broken.json', '{"id": 1')], /.+/);
    await misused('integration', 'upload');
    const { items } = await hallway.json('integration', 'list');
    assert.deepEqual(items.map(({ appId, state }) => [appId, state]), [[app.appId, 'inactive']]);
    await told(['integration', 'list'], /By hand/);
    assert.equal((await hallway.json('integration', 'show', 'By hand')).appId, app.appId);
    await told(['integration', 'show', app.appId], /By hand/);
    await refused(['integration', 'show', '00000000-0000-4000-8000-000000000000'], /.+/);
  });

  test('integration activate, jwt decode', async () => {
    const { items: [location] } = await hallway.json('location', 'list');
    await refused(['integration', 'activate', app.appId, '--location', 'Atlantis'], /Atlantis/, { tracked: false });
    await refused(['integration', 'activate', app.appId, '--deny', 'Audio.*'], /Audio/);
    await refused(['integration', 'deactivate', app.appId], /.+/);
    const activated = await hallway.json('integration', 'activate', 'By hand', '--location', location.id, '--deny', 'Camera.*');
    code = activated.activationCode;
    const claims = await hallway.json('jwt', 'decode', code);
    assert.equal(claims.action, 'provision');
    assert.deepEqual(JSON.parse(claims.xapiAccess).commands, ['Audio.*']);
    await told(['jwt', 'decode', code], /provision/);
    await told(['jwt', 'decode', '-'], /provision/, { input: code });
    const [head, body, signature] = code.split('.');
    await refused(['jwt', 'decode', `${head}.${body}.${signature.split('').reverse().join('')}`], /not valid/, { tracked: false });
    await refused(['jwt', 'decode', 'nonsense'], /not valid/, { tracked: false });
    await misused('jwt', 'decode');
    await misused('integration', 'activate');
    assert.equal((await hallway.json('integration', 'show', app.appId)).state, 'activating');
  });

  test('integration update, approve, health-check, deactivate', async () => {
    const claims = await hallway.json('jwt', 'decode', code);
    const integration = await connect(credentials({ uploaded: app, claims }));
    assert.equal((await hallway.json('integration', 'show', app.appId)).state, 'active');
    await refused(['integration', 'approve', app.appId], /.+/); // nothing waits
    const { manifest: _, ...first } = JSON.parse(await readFile(file, 'utf8'));
    const quiet = await hallway.file('v2.json', { ...first, manifestVersion: 2, description: 'Says it better.' });
    const updated = await hallway.json('integration', 'update', app.appId, quiet);
    assert.deepEqual([updated.manifestVersion, updated.pending], [2, false]);
    await refused(['integration', 'update', app.appId, quiet], /version/i);
    first.xapiAccess.commands.push({ path: 'Dial', access: 'required' });
    const more = await hallway.file('v3.json', { ...first, manifestVersion: 3 });
    const waiting = await hallway.json('integration', 'update', app.appId, more);
    assert.equal(waiting.pending, true);
    assert.match(waiting.growth.join(), /Dial/);
    assert.equal((await hallway.json('integration', 'approve', app.appId)).manifestVersion, 3);
    assert.ok((await integration.getAppInfo()).xapiAccessKeys.commands.includes('Dial'));

    const { healthCheckResult } = await hallway.json('integration', 'health-check', app.appId);
    assert.deepEqual([healthCheckResult.managementState, healthCheckResult.webhookState, healthCheckResult.success],
      ['not_applicable', 'not_applicable', true]);
    await told(['integration', 'health-check', app.appId], /.+/);

    await hallway.json('integration', 'deactivate', app.appId);
    assert.equal((await hallway.json('integration', 'show', app.appId)).state, 'inactive');
    await assert.rejects(integration.getAppInfo(), /"status":40[14]/);
    await refused(['integration', 'health-check', app.appId], /.+/);
  });

  test('audit list tells what was done, and by whom', async () => {
    const { items } = await hallway.json('audit', 'list', '--max', '100');
    const events = items.filter(({ target }) => [app.appId, 'By hand'].includes(target)).map(({ event }) => event);
    for (const step of ['uploaded', 'activated', 'completed', 'updated', 'approved', 'health_checked', 'deactivated']) {
      assert.ok(events.some((event) => event.includes(step)), `${step} in ${events}`);
    }
    assert.ok(items.every(({ actorName, created, trackingId }) => actorName && Date.parse(created) && trackingId !== undefined));
    await told(['audit', 'list'], /activated/);
  });

  test('device list, show', async () => {
    const { items } = await hallway.json('device', 'list');
    assert.ok(items.length > 10);
    await told(['device', 'list'], new RegExp(ROOM));
    const device = await hallway.json('device', 'show', ROOM);
    assert.deepEqual(await hallway.json('device', 'show', device.id), device);
    await told(['device', 'show', ROOM], /connected/);
    for (const wrong of ['Nowhere', device.id.slice(2)]) {
      const { code: exit, stderr } = await hallway.cli(['device', 'show', wrong]);
      assert.equal(exit, 1);
      assert.notEqual(stderr, '');
    }
    await misused('device', 'show');
    await misused('device', 'paint', ROOM);
  });

  test('device set, emit', async () => {
    const set = await hallway.json('device', 'set', ROOM, 'RoomAnalytics.PeopleCount.Current', '4');
    assert.equal(set.value, 4);
    const { result } = await hallway.json('xapi', 'status', ROOM, 'RoomAnalytics.PeopleCount.Current');
    assert.deepEqual(result, { RoomAnalytics: { PeopleCount: { Current: 4 } } });
    await hallway.json('device', 'set', ROOM, 'RoomAnalytics.PeopleCount.Current', '-1');
    await refused(['device', 'set', ROOM, 'Room..Analytics', '1'], /.+/);
    await hallway.json('device', 'emit', ROOM, 'UserInterface.Extensions.Panel.Clicked', '{"PanelId":"lights"}');
    await misused('device', 'emit', ROOM, 'UserInterface.Extensions.Panel.Clicked', 'lights');
    await misused('device', 'emit', ROOM, 'UserInterface.Extensions.Panel.Clicked', '[1]');
    await misused('device', 'set', ROOM, 'Audio.Volume');
  });

  test('device disconnect, connect, reboot', async () => {
    const state = async () => (await hallway.json('device', 'show', ROOM)).connectionStatus;
    await hallway.json('device', 'disconnect', ROOM);
    assert.equal(await state(), 'disconnected');
    await refused(['xapi', 'status', ROOM, 'Audio.Volume'], /not connected/i);
    await hallway.json('device', 'connect', ROOM);
    assert.match(await state(), /^connected/);
    await hallway.json('device', 'reboot', ROOM);
    await eventually(async () => /^connected/.test(await state())
      && (await hallway.cli(['xapi', 'status', ROOM, 'Audio.Volume'])).code === 0, 'the device is back');
    await misused('device', 'reboot');
  });

  test('xapi status, command, config', async () => {
    await hallway.json('xapi', 'command', ROOM, 'Audio.Volume.Set', 'Level=25');
    const { result } = await hallway.json('xapi', 'status', ROOM, 'Audio.Volume');
    assert.equal(result.Audio.Volume, 25);
    await told(['xapi', 'status', ROOM, 'Audio.Volume'], /25/);
    assert.deepEqual((await hallway.json('xapi', 'status', ROOM, 'Call[*].Status')).result, {});
    await refused(['xapi', 'status', ROOM, 'Audio[.Volume'], /.+/);
    await refused(['xapi', 'command', ROOM, 'Audio.Volume.Set', 'Level=300'], /Level/);
    await refused(['xapi', 'command', ROOM, 'Self.Destruct'], /Self\.Destruct/);
    await misused('xapi', 'command', ROOM, 'Audio.Volume.Set', 'Level');

    const lines = 'const a = 1;\nconst b = 2;\n';
    const body = await hallway.file('macro.js', lines);
    await hallway.json('xapi', 'command', ROOM, 'Macros.Macro.Save', 'Name=from file', '--body', body);
    const piped = await hallway.cli(['--json', 'xapi', 'command', ROOM, 'Macros.Macro.Save', 'Name=piped', '--body', '-'], { input: lines });
    assert.equal(piped.code, 0, piped.stderr);
    const { result: { Macro } } = await hallway.json('xapi', 'command', ROOM, 'Macros.Macro.Get', 'Content=True');
    assert.deepEqual(Macro.map(({ Name, Content }) => [Name, Content]).sort(), [['from file', lines], ['piped', lines]]);

    await hallway.json('xapi', 'config', 'set', ROOM, 'Audio.DefaultVolume', '45');
    const { items } = await hallway.json('xapi', 'config', 'get', ROOM, 'Audio.DefaultVolume');
    assert.equal(items['Audio.DefaultVolume'].value, 45);
    assert.equal(items['Audio.DefaultVolume'].source, 'configured');
    await told(['xapi', 'config', 'get', ROOM, 'Audio.DefaultVolume'], /45/);
    await refused(['xapi', 'config', 'set', ROOM, 'Audio.DefaultVolume', 'loud'], /Audio\.DefaultVolume/);
    await refused(['xapi', 'config', 'set', ROOM, 'Self.Destruct', '1'], /Self\.Destruct/);
    await misused('xapi', 'config', 'set', ROOM);
  });

  test('address and token come from flags or from the environment', async () => {
    const list = ['--json', 'device', 'list'];
    const env = { HALLWAY_URL: hallway.url, HALLWAY_TOKEN: hallway.token };
    assert.equal((await run(list, { env })).code, 0);
    assert.equal((await run(['--url', hallway.url, '--token', hallway.token, ...list])).code, 0);
    const wrong = await run(list, { env: { ...env, HALLWAY_TOKEN: 'wrong' } });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /tracking id/);
    const unreachable = await run(list, { env: { ...env, HALLWAY_URL: 'http://127.0.0.1:1' } });
    assert.equal(unreachable.code, 1);
    assert.equal((await run(['--ready-file', '/no/such/file', ...list])).code !== 0, true);
    const helped = await run(['--help']);
    assert.equal(helped.code, 0);
    assert.match(helped.stdout, /demo/);
    assert.equal((await run([])).code, 2);
    assert.equal((await run(['dance'])).code, 2);
  });
});

describe('hallway demo', () => {
  test('says what to try next, and what it says works', async () => {
    const hallway = await Hallway.launch(['demo', '--listen', '127.0.0.1:0', '--speed', '100', '--seed', '3']);
    await eventually(() => hallway.stdout.includes('Ctrl-C'), 'the greeting is printed');
    assert.ok(hallway.stdout.includes(hallway.url) && hallway.stdout.includes(hallway.token));
    const commands = [...hallway.stdout.matchAll(/^ {4}hallway (.+)$/gm)].map(([, command]) => command);
    assert.equal(commands.length, 3);
    for (const command of commands) {
      const words = command.match(/"[^"]*"|\S+/g).map((word) => word.replaceAll('"', ''));
      const { code, stdout, stderr } = await hallway.cli(words);
      assert.equal(code, 0, `${command}: ${stderr}`);
      assert.notEqual(stdout, '');
    }
    // The day moves by itself.
    const look = async () => JSON.stringify((await Promise.all(['Board Room', 'Kittiwake Bar', 'Quay Board', 'Cove Board']
      .map((room) => hallway.json('xapi', 'status', room, 'RoomAnalytics', 'Bookings')))).map(({ result }) => result));
    const before = await look();
    await eventually(async () => await look() !== before, 'something happens in the office');
    await hallway.stop();
  });

  test('is there in less than a second', async () => {
    const times = [];
    for (let i = 0; i < 3; i += 1) {
      const begun = performance.now();
      const hallway = await Hallway.launch(['demo', '--listen', '127.0.0.1:0']);
      times.push(performance.now() - begun);
      await hallway.stop();
    }
    assert.ok(Math.min(...times) < 1000, `${times} ms`); // the best of three: others may use this machine, too
  });

  test('the same seed gives the same office', async () => {
    const offices = await Promise.all([7, 7, 8].map((seed) => Hallway.launch(
      ['serve', '--ephemeral', '--demo', '--listen', '127.0.0.1:0', '--speed', '0', '--seed', String(seed)])));
    const ids = await Promise.all(offices.map(async (office) => (await office.json('device', 'list')).items.map(({ id }) => id).sort()));
    assert.deepEqual(ids[0], ids[1]);
    assert.notDeepEqual(ids[0], ids[2]);
    for (const office of offices) await office.stop();
  });
});

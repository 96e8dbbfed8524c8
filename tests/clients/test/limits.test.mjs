// What an integration may not, seen through the official Node SDK: other locations, what was denied,
// personal devices, and other integrations.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { connect } from 'workspace-integrations';

import { Hallway } from '../lib/hallway.mjs';
import { credentials, install, manifest, start } from '../lib/integration.mjs';

const OSLO = 'Skerry Bar';
const PORTO = 'Cove Board';
const PERSONAL = 'Amara\'s Desk Pro';
const COUNT = 'RoomAnalytics.PeopleCount.Current';

describe('limits', () => {
  let hallway;
  let oslo;
  let porto;
  let personal;

  const set = (device, value) => hallway.json('device', 'set', device, COUNT, String(value));
  const counts = (running, id) => running.statuses.all
    .filter(({ deviceId, path, message }) => deviceId === id && path === COUNT && !message.isFullSync)
    .map(({ value }) => value);
  const count = (running, id, wanted) => running.statuses.first(
    ({ deviceId, path, value, message }) => deviceId === id && path === COUNT && value === wanted && !message.isFullSync,
    `${COUNT} ${wanted}`);
  const refused = (status) => (error) => {
    const body = JSON.parse(error.message);
    assert.equal(body.status, status, error.message);
    assert.ok(body.message && body.trackingId && body.errors.length > 0, error.message);
    return true;
  };

  before(async () => {
    hallway = await Hallway.start();
    [oslo, porto, personal] = await Promise.all([OSLO, PORTO, PERSONAL].map((name) => hallway.deviceId(name)));
  });
  after(() => hallway?.stop());

  test('an integration of one location sees all places, and works in its own', async () => {
    const running = await start(await install(hallway, manifest({ name: 'Porto only' }), { locations: ['Porto'] }));
    const { integration: { xapi, devices, workspaces } } = running;
    const app = await running.integration.getAppInfo();
    assert.equal(app.locations.length, 1);
    assert.match(app.locations[0], /^[0-9a-f-]{36}$/);
    assert.equal(app.publicLocationIds.length, 1);

    const listed = await devices.getDevices();
    assert.ok(listed.some(({ id }) => id === oslo) && listed.some(({ id }) => id === porto));
    assert.ok((await workspaces.getWorkspaces()).length > 5);

    await assert.rejects(xapi.status.get(oslo, 'Audio.Volume'), refused(403));
    await assert.rejects(xapi.command(oslo, 'Audio.Volume.Set', { Level: 1 }), refused(403));
    assert.equal(typeof await xapi.status.get(porto, 'Audio.Volume'), 'number');
    await xapi.command(porto, 'Audio.Volume.Set', { Level: 21 });
    // Configurations are not limited by location.
    await xapi.config.set(oslo, 'Audio.DefaultVolume', 31);
    assert.equal(await xapi.config.get(oslo, 'Audio.DefaultVolume'), 31);

    // The forbidden change comes first, so it would be seen before the other one.
    await set(OSLO, 11);
    await set(PORTO, 12);
    await count(running, porto, 12);
    assert.equal(running.statuses.all.filter(({ deviceId }) => deviceId === oslo).length, 0);
  });

  test('denied optional permissions are absent and refused', async () => {
    const written = manifest({
      name: 'Denied',
      scopes: ['spark-admin:devices_read', '?spark-admin:devices_write', 'spark:xapi_statuses', 'spark:xapi_commands'],
      status: ['Audio.*', `?${COUNT}`, '?Standby.*'],
      commands: ['Audio.Volume.Set', '?Standby.Activate', '?Standby.Deactivate'],
      events: ['UserInterface.*'],
    });
    const installed = await install(hallway, written, { deny: ['spark-admin:devices_write', 'Standby.Activate', COUNT] });
    assert.equal(installed.claims.scopes.includes('devices_write'), false);
    const access = JSON.parse(installed.claims.xapiAccess);
    assert.deepEqual(access, { commands: ['Audio.Volume.Set', 'Standby.Deactivate'], statuses: ['Audio.*', 'Standby.*'], events: ['UserInterface.*'] });

    const running = await start(installed);
    const { xapi } = running.integration;
    assert.deepEqual((await running.integration.getAppInfo()).xapiAccessKeys, access);
    await assert.rejects(xapi.command(oslo, 'Standby.Activate'), refused(403));
    await xapi.command(oslo, 'Standby.Deactivate');
    await assert.rejects(xapi.config.set(oslo, 'Audio.DefaultVolume', 5), refused(403));
    await assert.rejects(xapi.status.get(oslo, COUNT), /not found/);
    await assert.rejects(running.integration.workspaces.getWorkspaces(), refused(403));
    const from = running.statuses.mark;
    await set(OSLO, 13);
    await hallway.json('device', 'set', OSLO, 'Standby.State', 'Halfwake');
    await running.statuses.first(({ path, value }) => path === 'Standby.State' && value === 'Halfwake', 'standby', { from });
    assert.equal(running.statuses.all.some(({ path }) => path === COUNT), false);
  });

  test('required permissions cannot be denied', async () => {
    const file = await hallway.file('required.json', manifest({ name: 'Required' }));
    const { appId } = await hallway.json('integration', 'upload', file);
    for (const what of ['spark:xapi_statuses', 'Audio.*']) {
      const { code, stderr } = await hallway.cli(['integration', 'activate', appId, '--deny', what]);
      assert.equal(code, 1, what);
      assert.ok(stderr.includes(what), stderr);
    }
  });

  test('without the scope of commands there are no commands', async () => {
    const written = manifest({
      name: 'Commandless', scopes: ['spark-admin:devices_read', 'spark:xapi_statuses', '?spark:xapi_commands'],
      status: ['Audio.*'], commands: ['?Audio.Volume.Set'], events: [],
    });
    const installed = await install(hallway, written, { deny: ['spark:xapi_commands'] });
    assert.deepEqual(JSON.parse(installed.claims.xapiAccess).commands ?? [], []);
    const { xapi } = await connect(credentials(installed));
    await assert.rejects(xapi.command(oslo, 'Audio.Volume.Set', { Level: 1 }), refused(403));
    assert.equal(typeof await xapi.status.get(oslo, 'Audio.Volume'), 'number');
  });

  test('a personal device sends nothing and refuses what touches privacy', async () => {
    const running = await start(await install(hallway, manifest({ name: 'Curious' })));
    const { xapi } = running.integration;
    await assert.rejects(xapi.command(personal, 'Audio.Microphones.Mute'), refused(403));
    await assert.rejects(xapi.command(personal, 'Dial', { Number: 'x@example.com' }), refused(403));
    await xapi.command(personal, 'UserInterface.Message.Alert.Display', { Text: 'Hello' });
    assert.equal(typeof await xapi.status.get(personal, 'Audio.Volume'), 'number');

    await set(PERSONAL, 1);
    await hallway.json('device', 'emit', PERSONAL, 'UserInterface.Extensions.Panel.Clicked', '{"PanelId":"p"}');
    await hallway.json('device', 'emit', OSLO, 'UserInterface.Extensions.Panel.Clicked', '{"PanelId":"o"}');
    await running.events.first(({ deviceId }) => deviceId === oslo, 'the click in the room');
    assert.equal(running.events.all.some(({ deviceId }) => deviceId === personal), false);
    assert.equal(running.statuses.all.some(({ deviceId }) => deviceId === personal), false);
  });

  test('integrations side by side hear their own only', async () => {
    const audio = manifest({ name: 'Standby watcher', status: ['Standby.State'], commands: [], events: [] });
    const people = manifest({ name: 'People counter', status: [COUNT], commands: [], events: ['UserInterface.*'] });
    const [standby, counter] = await Promise.all([
      start(await install(hallway, audio)), start(await install(hallway, people)),
    ]);
    await set(OSLO, 17);
    await hallway.json('device', 'emit', OSLO, 'UserInterface.Extensions.Panel.Clicked', '{"PanelId":"both"}');
    await hallway.json('device', 'set', OSLO, 'Standby.State', 'Off');
    await counter.events.first(({ value }) => value.PanelId === 'both', 'the click');
    await count(counter, oslo, 17);
    await standby.statuses.first(({ path, value, message }) => path === 'Standby.State' && value === 'Off' && !message.isFullSync, 'standby');
    assert.ok(standby.statuses.all.every(({ path, message }) => path === 'Standby.State' && message.appId === audio.id));
    assert.ok(counter.statuses.all.every(({ path, message }) => path === COUNT && message.appId === people.id));
    assert.equal(standby.events.mark, 0);
    assert.deepEqual(counts(counter, oslo), [17]);

    // Nor may one use what is the other's.
    const token = standby.integration.serialize().accessToken;
    for (const url of [counter.installed.claims.appUrl, counter.integration.serialize().pollUrl]) {
      assert.equal((await hallway.api(url, { token })).status, 403);
    }
  });
});

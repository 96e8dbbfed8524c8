// Hallway goes and comes back while the official SDK polls: the integration notices nothing but a pause.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { freePort, Hallway } from '../lib/hallway.mjs';
import { install, manifest, start } from '../lib/integration.mjs';

const ROOM = 'Gannet Room Kit';
const COUNT = 'RoomAnalytics.PeopleCount.Current';

describe('a restart', () => {
  let folder;
  let hallway;
  let running;
  let room;
  let boot;

  const isCount = (wanted) => ({ deviceId, path: key, value }) => deviceId === room && key === COUNT && value === wanted;
  const set = (value) => hallway.json('device', 'set', ROOM, COUNT, String(value));

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'hallway-data-'));
    const listen = `127.0.0.1:${await freePort()}`;
    boot = () => Hallway.start({ ephemeral: false, listen, args: ['--data-dir', folder] });
    hallway = await boot();
    room = await hallway.deviceId(ROOM);
    running = await start(await install(hallway, manifest({ name: 'Patient' })));
    await set(3);
    await running.statuses.first(isCount(3), 'a first change');
  });
  after(async () => {
    await hallway?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('a stop during a poll is clean, and the SDK goes on after it', async () => {
    await hallway.stop();
    const from = running.statuses.mark;
    hallway = await boot();
    await set(4);
    await running.statuses.first(isCount(4), 'a change after the restart', { from });
    assert.equal((await running.integration.getAppInfo()).provisioningState, 'completed');
    await running.integration.xapi.command(room, 'Audio.Volume.Set', { Level: 12 });
    await running.integration.refreshToken();
    assert.equal(await running.integration.xapi.status.get(room, 'Audio.Volume'), 12);
  });

  test('what was acknowledged before a crash arrives after it', async () => {
    const from = running.events.mark;
    const panels = ['before 1', 'before 2', 'before 3'];
    for (const panel of panels) {
      await hallway.json('device', 'emit', ROOM, 'UserInterface.Extensions.Panel.Clicked', JSON.stringify({ PanelId: panel }));
    }
    await hallway.kill();
    hallway = await boot();
    const clicked = (panel) => ({ deviceId, value }) => deviceId === room && value.PanelId === panel;
    for (const panel of panels) await running.events.first(clicked(panel), panel, { from });
    await hallway.json('device', 'emit', ROOM, 'UserInterface.Extensions.Panel.Clicked', '{"PanelId":"after"}');
    await running.events.first(clicked('after'), 'a click after the crash', { from });
    const seen = running.events.all.slice(from).map(({ value }) => value.PanelId);
    const firsts = seen.filter((panel, i) => seen.indexOf(panel) === i);
    assert.deepEqual(firsts, [...panels, 'after'], 'in order; repeats are allowed');
  });

  test('keys and secrets survive', async () => {
    const shown = await hallway.json('integration', 'list');
    assert.deepEqual(shown.items.map(({ displayName, state }) => [displayName, state]), [['Patient', 'active']]);
    const claims = await hallway.json('jwt', 'decode', running.installed.code);
    assert.equal(claims.appId, running.installed.appId);
  });
});

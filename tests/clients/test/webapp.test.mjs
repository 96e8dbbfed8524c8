// What devices and their Room Navigators show, and a Navigator's web app that reaches its device with jsxapi.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';

import { connect } from 'jsxapi';

import { Hallway } from '../lib/hallway.mjs';
import { Record, within } from '../lib/waiting.mjs';

const APP = 'https://navi.example.com/panel?room=Gannet';
const HOSTS = 'WebEngine.Features.Xapi.Peripherals.AllowedHosts.Hosts';

describe('screens', () => {
  let hallway;
  let room;

  before(async () => {
    hallway = await Hallway.start();
    // The first device with a Navigator, whatever the plan calls it.
    const { items } = await hallway.json('device', 'list');
    for (const { id, product } of items) {
      if (product === 'Cisco Room Navigator') continue;
      const { status, body } = await hallway.api(`${hallway.url}/hallway/v1/devices/${id}/screen`);
      if (status === 200 && body.navigators.length > 0) { room = id; break; }
    }
    assert.ok(room, 'no device has a Navigator');
  });
  after(() => hallway?.stop());

  const configure = async (values) => {
    for (const [key, value] of Object.entries(values)) await hallway.json('xapi', 'config', 'set', room, key, value);
  };
  const screen = () => hallway.json('device', 'screen', room);
  const session = async (expected = 200) => {
    const { navigators } = await screen();
    const route = `${hallway.url}/hallway/v1/devices/${room}/navigators/${navigators[0].serial}/webApp/session`;
    const { status, body } = await hallway.api(route, { method: 'POST' });
    assert.equal(status, expected, JSON.stringify(body));
    return body;
  };
  /** As the page does it: with what the web engine gave it. */
  const open = async ({ username, password }) => {
    const page = connect(hallway.url.replace('http', 'ws'), { username, password, loglevel: 'silent' });
    page.on('error', () => {});
    await within(once(page, 'ready'), 'the connection of the page');
    return page;
  };
  const refused = ({ code }) => code === -31999;

  test('signage is shown while the device is idle', async () => {
    const url = 'https://signs.example.com/?room=Gannet&_cisco_app_id=1';
    await configure({ 'WebEngine.Mode': 'On', 'Standby.Signage.Mode': 'On', 'Standby.Signage.Url': url });
    assert.equal((await screen()).idle.url, url);
    await hallway.json('xapi', 'command', room, 'Standby.Halfwake');
    const { state, showing } = await screen();
    assert.deepEqual([state, showing.kind, showing.url], ['halfwake', 'signage', url]);
    await hallway.json('xapi', 'command', room, 'Standby.Deactivate');
    assert.deepEqual((await screen()).showing, { kind: 'home' });
    const { stdout } = await hallway.cli(['device', 'screen', room]);
    assert.match(stdout, /when idle:\s+digital signage: https:\/\/signs\.example\.com/);
  });

  test('a web app uses the permitted part of the xAPI', async () => {
    await configure({ 'UserInterface.HomeScreen.Peripherals.WebApp.URL': APP, [HOSTS]: 'navi.example.com' });
    assert.match((await session(409)).message, /Security\.Xapi\.WebSocket\.ApiKey\.Allowed/);
    await configure({ 'Security.Xapi.WebSocket.ApiKey.Allowed': 'True' });
    const given = await session();
    assert.equal(given.webAppUrl, APP);
    const page = await open(given);

    const seen = new Record();
    await page.Status.UserInterface.LedControl.Color.on((color) => seen.push(color)).registration;
    await page.Command.UserInterface.LedControl.Color.Set({ Color: 'Green' });
    assert.equal(await seen.first(() => true, 'the color'), 'Green');
    assert.equal(typeof await page.Status.Audio.Volume.get(), 'number');
    await assert.rejects(page.Config.Audio.DefaultVolume.set(1), refused);
    await assert.rejects(page.Command.UserManagement.User.List(), refused);
    await assert.rejects(page.Command.Macros.Macro.Save({ Name: 'm' }, 'x'), refused);

    // Another list of hosts ends it, at once.
    const end = new Promise((resolve) => { page.once('close', resolve).once('error', resolve); });
    await configure({ [HOSTS]: 'other.example.com' });
    await within(end, 'the end of the connection');
    await assert.rejects(open(given), /403/);
    await session(409);
  });
});

// A device in a process of its own: alone under jsxapi, and linked to a Hallway under both official clients.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import path from 'node:path';
import { after, describe, test } from 'node:test';

import { connect as connectDevice } from 'jsxapi';

import { DeviceProcess } from '../lib/device.mjs';
import { Hallway, run } from '../lib/hallway.mjs';
import { install, manifest, start } from '../lib/integration.mjs';
import { eventually, Record, within } from '../lib/waiting.mjs';

const PASSWORD = 'p+/=ss?>é:x'; // every character that an encoding may trip over

async function open(device, password = PASSWORD, username = 'admin') {
  const xapi = connectDevice(device.localUrl.replace(/\/ws$/, ''), { username, password, loglevel: 'silent' });
  xapi.on('error', () => {});
  await within(once(xapi, 'ready'), 'the connection');
  return xapi;
}

describe('a device by itself', () => {
  let device;

  after(() => device?.stop());

  test('answers jsxapi as real devices do', async () => {
    device = await DeviceProcess.start(['--model', 'Room Bar', '--name', 'Test bar'], PASSWORD);
    assert.match(device.localUrl, /^ws:\/\/127\.0\.0\.1:\d+\/ws$/);
    const xapi = await open(device);
    assert.equal(await xapi.Status.SystemUnit.ProductId.get(), 'Cisco Room Bar');
    const seen = new Record();
    await xapi.Status.Audio.Volume.on((volume) => seen.push(volume)).registration;
    await xapi.Command.Audio.Volume.Set({ Level: 12 });
    assert.equal(await seen.first(() => true, 'the volume'), 12);
    await assert.rejects(xapi.Command.Self.Destruct(), ({ code }) => code === -32601);
    const closed = once(xapi, 'close');
    xapi.close();
    await within(closed, 'a close without error');
  });

  test('refuses a wrong password', async () => {
    await assert.rejects(open(device, 'wrong'), /403/);
    await assert.rejects(open(device, PASSWORD, 'nobody'), /403/);
  });

  test('is no toaster', async () => {
    assert.equal((await run(['device', 'run', '--model', 'Toaster'])).code, 2);
  });
});

describe('a device that joins a workspace', () => {
  let hallway;
  let device;
  let identity;

  after(async () => {
    await device?.stop();
    await hallway?.stop();
  });

  test('is seen, commanded and heard', async () => {
    hallway = await Hallway.start();
    const { code } = await hallway.json('device', 'code', 'Store room');
    assert.match(code, /^\d{16}$/);
    identity = path.join(path.dirname(hallway.readyFile), 'identity.json');
    const link = ['--model', 'Desk Pro', '--url', hallway.url, '--identity', identity];
    device = await DeviceProcess.start([...link, '--code', code], PASSWORD);
    const running = await start(await install(hallway, manifest({ name: 'Joined' })));
    const { devices, workspaces, xapi } = running.integration;
    const id = device.deviceId;
    const shown = await eventually(async () => {
      const found = await hallway.json('device', 'show', id);
      return /^connected/.test(found.connectionStatus) && found;
    }, 'the device is connected');
    assert.equal((await workspaces.getWorkspace(shown.workspaceId)).displayName, 'Store room');
    assert.equal((await devices.getDevice(id)).product, 'Cisco Desk Pro');

    await xapi.command(id, 'Audio.Volume.Set', { Level: 17 });
    assert.equal(await xapi.status.get(id, 'Audio.Volume'), 17);
    const local = await open(device);
    assert.equal(await local.Status.Audio.Volume.get(), 17);

    await running.statuses.first(({ deviceId, message }) => deviceId === id && message.isFullSync, 'its full sync');
    const from = running.events.mark;
    await local.Command.UserInterface.Message.Prompt.Display({ Text: 'Well?', FeedbackId: 'local', 'Option.1': 'Yes' });
    await local.Command.UserInterface.Message.Prompt.Response({ FeedbackId: 'local', OptionId: 1 });
    const answer = await running.events.first(({ deviceId }) => deviceId === id, 'what was answered at the device', { from });
    assert.equal(answer.value.FeedbackId, 'local');

    // A code is used once; what it gave is used again.
    const again = await run(['--url', hallway.url, 'device', 'run', '--listen', '127.0.0.1:0', '--code', code,
      '--identity', `${identity}.other`]);
    assert.equal(again.code, 1, again.stderr);
    await device.stop();
    device = undefined;
    await eventually(async () => (await hallway.json('device', 'show', id)).connectionStatus === 'disconnected', 'it is away');
    await assert.rejects(xapi.status.get(id, 'Audio.Volume'), /"status":504/);
    const mark = running.statuses.mark;
    device = await DeviceProcess.start(link, PASSWORD);
    assert.equal(device.deviceId, id);
    await running.statuses.first(({ deviceId, message }) => deviceId === id && message.isFullSync, 'it is back', { from: mark });
  });
});

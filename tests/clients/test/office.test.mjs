// A living office, as an integration that wants everything hears it. The rules are those of the strictest
// client that we know: one message that breaks them costs it the whole batch.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Hallway } from '../lib/hallway.mjs';
import { install, manifest, start } from '../lib/integration.mjs';
import { eventually } from '../lib/waiting.mjs';

const KEY = /^[A-Za-z_]\w*(\[\d+\])?(\.[A-Za-z_]\w*(\[\d+\])?)*$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function check(message, { appId, orgId, devices }) {
  const said = JSON.stringify(message);
  assert.equal(message.appId, appId, said);
  assert.equal(message.orgId, orgId, said);
  assert.match(message.timestamp, INSTANT, said);
  const device = devices.get(message.deviceId);
  assert.ok(device, said);
  assert.equal(message.workspaceId, device.workspaceId, said);
  assert.equal(device.personId, undefined, 'a personal device sends nothing');
  switch (message.type) {
    case 'status':
      assert.equal(typeof message.isFullSync, 'boolean', said);
      assert.ok(Array.isArray(message.changes.removed), said);
      if (message.isFullSync) assert.deepEqual(message.changes.removed, [], said);
      for (const key of [...Object.keys(message.changes.updated), ...message.changes.removed]) assert.match(key, KEY, said);
      for (const value of Object.values(message.changes.updated)) assert.ok(['string', 'number'].includes(typeof value), said);
      break;
    case 'events':
      assert.ok(message.events.length > 0, said);
      for (const { key, value, timestamp } of message.events) {
        assert.match(key, KEY, said);
        assert.ok(value !== null && typeof value === 'object', said);
        assert.match(timestamp, INSTANT, said);
      }
      break;
    default:
      assert.fail(`unknown type: ${said}`);
  }
}

describe('a living office', () => {
  let hallway;

  before(async () => { hallway = await Hallway.start({ speed: 2000 }); });
  after(() => hallway?.stop());

  test('sends well-formed notifications, in order per device, that agree with what is read', async () => {
    const written = manifest({ name: 'Wants all', status: ['*'], events: ['*'] });
    const { integration, statuses, events } = await start(await install(hallway, written));
    const seen = () => statuses.all.filter(({ message }) => !message.isFullSync).length + events.mark;
    await eventually(() => seen() > 300, 'a few hundred changes');
    const devices = new Map((await integration.devices.getDevices()).map((device) => [device.id, device]));
    const rules = { appId: written.id, orgId: hallway.ready.orgId, devices };
    const last = new Map();
    for (const { message } of [...statuses.all, ...events.all]) check(message, rules);
    for (const { deviceId, message } of statuses.all) {
      const before = last.get(deviceId);
      if (before) assert.ok(message.timestamp >= before, `${deviceId}: ${message.timestamp} after ${before}`);
      last.set(deviceId, message.timestamp);
    }
    assert.ok(new Set(statuses.all.map(({ deviceId }) => deviceId)).size > 8, 'every room tells');
  });
});

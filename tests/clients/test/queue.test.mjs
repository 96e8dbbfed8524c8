// The queue behind long polling, and limits: what official clients meet when nothing, or too much, happens.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';

import { connect, deserialize } from 'workspace-integrations';

import { Hallway } from '../lib/hallway.mjs';
import { credentials, install, listen, manifest, start } from '../lib/integration.mjs';
import { within } from '../lib/waiting.mjs';

const ROOM = 'Skerry Bar';
const LIMIT = 20;

describe('the queue', () => {
  let hallway;

  before(async () => {
    hallway = await Hallway.start({ args: ['--poll-hold', '1', '--full-sync-every', '2', '--queue-limit', String(LIMIT)] });
  });
  after(() => hallway?.stop());

  const tap = (panel) => hallway.json('device', 'emit', ROOM, 'UserInterface.Extensions.Panel.Clicked', JSON.stringify({ PanelId: panel }));

  /** An integration whose queue nobody polls yet, and how to ask it. */
  async function idle(written) {
    const installed = await install(hallway, written);
    const integration = await connect(credentials(installed));
    const { accessToken: token } = integration.serialize();
    const enabled = await hallway.api(installed.claims.appUrl, { method: 'PATCH', token, body: { queue: { state: 'enabled' } } });
    assert.equal(enabled.status, 200);
    const poll = async () => {
      const { status, body } = await hallway.api(enabled.body.queue.pollUrl, { token });
      assert.equal(status, 200);
      assert.ok(Array.isArray(body.messages));
      return body.messages;
    };
    return { installed, integration, poll, token };
  }
  const eventsOnly = { status: [], events: ['UserInterface.*'] };

  test('a poll waits, and is answered with an empty list in the end', async () => {
    const { poll } = await idle(manifest({ name: 'Nothing to hear', ...eventsOnly }));
    const begun = Date.now();
    assert.deepEqual(await poll(), []);
    const waited = Date.now() - begun;
    assert.ok(waited >= 900 && waited < 5000, `${waited} ms`);
  });

  test('two processes of one integration do not chase each other', async () => {
    // As integrations with several processes run: each has a copy of the state of one.
    const { integration, events } = await start(await install(hallway, manifest({ name: 'Cluster', ...eventsOnly })));
    const copy = listen(await deserialize(JSON.parse(JSON.stringify(integration.serialize()))));
    const polls = async () => {
      const text = await (await fetch(`${hallway.url}/metrics`)).text();
      return Number(text.match(/^hallway_http_request_seconds_count\{route="[^"]*\/queue"\} (\d+)/m)[1]);
    };
    const before = await polls();
    // Each hold lasts a second: when another poll of ours has come back twice, two seconds have passed.
    const { poll } = await idle(manifest({ name: 'Clock', ...eventsOnly }));
    await poll();
    await poll();
    assert.ok(await polls() - before < 30, 'a poll was answered without need');
    await tap('either');
    const heard = ({ value }) => value.PanelId === 'either';
    await Promise.any([events.first(heard, 'the click'), copy.events.first(heard, 'the click')]);
  });

  test('a poll is answered at once when something comes', async () => {
    const { poll } = await idle(manifest({ name: 'Something to hear', ...eventsOnly }));
    const [messages] = await Promise.all([poll(), tap('now')]);
    const all = messages.length ? messages : await poll();
    assert.deepEqual(all.map(({ type, events }) => [type, events[0].value.PanelId]), [['events', 'now']]);
    assert.deepEqual(await poll(), [], 'not twice');
  });

  test('the newest of two polls wins', async () => {
    const { poll } = await idle(manifest({ name: 'Two polls', ...eventsOnly }));
    const older = poll();
    const newer = poll();
    assert.deepEqual(await Promise.race([older, newer]).then(() => older), []);
    await tap('newest');
    const messages = [...await newer, ...await poll()];
    assert.equal(messages.length, 1);
  });

  test('what was for a poller that went away waits for the next', async () => {
    const { integration, poll, token } = await idle(manifest({ name: 'Interrupted', ...eventsOnly }));
    const { pollUrl } = (await integration.getAppInfo()).queue;
    for (let round = 0; round < 10; round += 1) {
      // Cut when the request has gone out, a little later each time; then something happens.
      const cut = http.get(pollUrl, { headers: { Authorization: `Bearer ${token}` }, agent: false });
      cut.on('error', () => {});
      await once(cut, 'finish');
      for (let i = 0; i < round * 20; i += 1) await new Promise(setImmediate);
      cut.destroy();
      await tap(`panel ${round}`);
      const seen = [];
      while (!seen.includes(`panel ${round}`)) {
        const messages = await poll();
        seen.push(...messages.flatMap(({ events }) => events.map(({ value }) => value.PanelId)));
      }
    }
  });

  test('full syncs come again and again', async () => {
    const { statuses } = await start(await install(hallway, manifest({ name: 'Synced', status: ['Standby.State'], events: [] })));
    const id = await hallway.deviceId(ROOM);
    const sync = ({ deviceId, message }) => deviceId === id && message.isFullSync;
    const first = await statuses.first(sync, 'the first sync');
    await statuses.first((item) => sync(item) && item.message.timestamp > first.message.timestamp, 'the next sync');
  });

  test('a queue that nobody empties is bounded, and says what it lost', async () => {
    const { installed, poll } = await idle(manifest({ name: 'Asleep', status: ['Standby.State'], events: ['UserInterface.*'] }));
    const panels = Array.from({ length: LIMIT + 10 }, (_, i) => `panel ${i}`);
    for (const panel of panels) await tap(panel);
    const { delivery } = await hallway.json('integration', 'show', installed.appId);
    assert.equal(delivery.channel, 'queue');
    assert.ok(delivery.waiting <= LIMIT, `${delivery.waiting} wait`);
    assert.ok(delivery.dropped >= 10, `${delivery.dropped} were dropped`);
    const messages = await poll();
    const seen = messages.flatMap(({ events }) => events ?? []).map(({ value }) => value.PanelId);
    assert.equal(seen.at(-1), panels.at(-1), 'the newest are kept');
    assert.deepEqual(seen, panels.slice(-seen.length), 'in order');
    // After a gap everything is told anew.
    let synced = messages.some(({ isFullSync }) => isFullSync);
    await within((async () => { while (!synced) synced = (await poll()).some(({ isFullSync }) => isFullSync); })(), 'a full sync');
  });

  test('a queue can be disabled and removed', async () => {
    const { installed, integration, poll, token } = await idle(manifest({ name: 'Off', ...eventsOnly }));
    const patch = (state) => hallway.api(installed.claims.appUrl, { method: 'PATCH', token, body: { queue: { state } } });
    assert.equal((await patch('disabled')).body.queue.state, 'disabled');
    await tap('unheard');
    assert.deepEqual(await poll(), []);
    const { pollUrl } = (await integration.getAppInfo()).queue;
    assert.equal((await patch('remove')).body.queue, undefined);
    assert.equal((await hallway.api(pollUrl, { token })).status, 404);
    assert.equal((await patch('enabled')).body.queue.state, 'enabled');
    const [messages] = await Promise.all([poll(), tap('heard')]);
    const all = messages.length ? messages : await poll();
    assert.deepEqual(all.map(({ events }) => events[0].value.PanelId), ['heard']);
  });
});

test('too many requests are told with the time to wait', async () => {
  const hallway = await Hallway.start({ rateLimit: 30 });
  try {
    const integration = await connect(credentials(await install(hallway, manifest({ name: 'Hasty' }))));
    await assert.rejects(async () => { for (let i = 0; i < 100; i += 1) await integration.getAppInfo(); }, (error) => {
      const { status, retryAfter, message, trackingId } = JSON.parse(error.message);
      assert.equal(status, 429);
      assert.match(retryAfter, /^[1-9]\d*$/);
      assert.ok(message && trackingId);
      return true;
    });
  } finally {
    await hallway.stop();
  }
});

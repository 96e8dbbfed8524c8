// The official Node SDK with a web server of its own.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { createRemoteJWKSet, jwtVerify } from 'jose';
import { connect } from 'workspace-integrations';

import { Hallway } from '../lib/hallway.mjs';
import { credentials, install, listen, manifest } from '../lib/integration.mjs';
import { Receiver } from '../lib/receiver.mjs';

const ROOM = 'Kittiwake Bar';
const SECRET = 'a secret of at least 20 characters';

describe('an integration with a webhook', () => {
  let hallway;
  let receiver;
  let installed;
  let integration;
  let statuses;
  let events;
  let room;
  let keys;

  /** Whether a request is about the room and carries an event of this panel. */
  const click = (panel) => ({ body }) => body.type === 'events' && body.deviceId === room
    && body.events.some(({ value }) => value.PanelId === panel);
  const tap = (panel) => hallway.json('device', 'emit', ROOM, 'UserInterface.Extensions.Panel.Clicked', JSON.stringify({ PanelId: panel }));
  const connectBy = (webhook, more = {}) => connect(credentials(installed, {
    notifications: 'webhook', webhook: { targetUrl: `${receiver.url}/hook`, type: 'hmac_signature', secret: SECRET, ...webhook },
    actionsUrl: `${receiver.url}/actions`, ...more,
  }));

  before(async () => {
    hallway = await Hallway.start();
    room = await hallway.deviceId(ROOM);
    receiver = await Receiver.start(SECRET);
    keys = createRemoteJWKSet(new URL(hallway.ready.jwksUrl));
    installed = await install(hallway, manifest({ name: 'Hooked' }));
    integration = await connectBy({});
    ({ statuses, events } = listen(integration));
  });
  after(async () => {
    await hallway?.stop();
    await receiver?.stop();
  });

  test('the answer hides the secret and names no queue', async () => {
    const app = await integration.getAppInfo();
    assert.equal(app.webhook.targetUrl, `${receiver.url}/hook`);
    assert.equal(app.webhook.type, 'hmac_signature');
    assert.match(app.webhook.secret, /^\*{20,}$/);
    assert.equal(app.queue, undefined);
    assert.equal(app.actionsUrl, `${receiver.url}/actions`);
  });

  test('a full sync is posted, one signed message at a time', async () => {
    const sync = await receiver.requests.first(({ body }) => body.type === 'status' && body.deviceId === room, 'the sync');
    assert.equal(sync.path, '/hook');
    assert.equal(sync.method, 'POST');
    assert.match(sync.headers['content-type'], /^application\/json/);
    assert.equal(sync.signed, true);
    assert.equal(sync.body.isFullSync, true);
    assert.equal(sync.body.appId, installed.appId);
    assert.equal(sync.body.orgId, hallway.ready.orgId);
    // What a receiver gets by JSON.stringify is what was signed.
    assert.equal(JSON.stringify(sync.body), sync.raw.toString('utf8'));
  });

  test('the SDK takes what came', async () => {
    const from = receiver.requests.mark;
    await hallway.json('device', 'set', ROOM, 'RoomAnalytics.PeopleCount.Current', '3');
    await tap('from the SDK');
    const isCount = ({ body }) => body.type === 'status' && body.changes.updated['RoomAnalytics.PeopleCount.Current'] === 3;
    for (const wanted of [isCount, click('from the SDK')]) {
      const { body, signed } = await receiver.requests.first(wanted, String(wanted), { from });
      assert.equal(signed, true);
      integration.processNotifications([].concat(body));
    }
    const count = await statuses.first(({ path }) => path === 'RoomAnalytics.PeopleCount.Current', 'the count');
    assert.equal(count.value, 3);
    const event = await events.first(({ path }) => path === 'UserInterface.Extensions.Panel.Clicked', 'the click');
    assert.deepEqual(event.value.PanelId, 'from the SDK');
  });

  test('a receiver that fails gets the same again, in order', async () => {
    const from = receiver.requests.mark;
    let failures = 2;
    receiver.answer = ({ path }) => ({ status: path === '/hook' && failures-- > 0 ? 503 : 200, body: {} });
    const panels = ['one', 'two', 'three'];
    for (const panel of panels) await tap(panel);
    await receiver.requests.first((request) => click('three')(request) && request.answered === 200, 'the last', { from });
    receiver.answer = () => ({ status: 200, body: {} });
    const taken = receiver.requests.all.slice(from).filter(({ body, answered }) => body.type === 'events' && answered === 200);
    assert.deepEqual(taken.flatMap(({ body }) => body.events.map(({ value }) => value.PanelId)), panels);
    const refused = receiver.requests.all.slice(from).filter(({ answered }) => answered === 503);
    assert.equal(refused.length, 2);
    const { delivery } = await hallway.json('integration', 'show', installed.appId);
    assert.equal(delivery.channel, 'webhook');
    assert.ok(delivery.failedAttempts >= 2 && delivery.delivered >= 3);
    assert.match(delivery.lastError, /503/);
  });

  test('the health check asks both', async () => {
    const from = receiver.requests.mark;
    receiver.answer = ({ path }) => (path === '/actions'
      ? { status: 200, body: { operationalState: 'operational', tokensState: 'valid' } }
      : { status: 200, body: {} });
    const { healthCheckResult: result } = await hallway.json('integration', 'health-check', installed.appId);
    assert.deepEqual(result, {
      managementState: 'success', operationalState: 'operational', tokensState: 'valid', webhookState: 'success', success: true,
    });
    const asked = await receiver.requests.first(({ path }) => path === '/actions', 'the action', { from });
    const { payload } = await jwtVerify(asked.body.jwt, keys, { algorithms: ['ES256'] });
    assert.equal(payload.action, 'healthCheck');
    assert.equal(payload.appId, installed.appId);
    assert.ok(Math.abs(Date.now() / 1000 - payload.iat) < 60);
    const hooked = await receiver.requests.first(({ body }) => body.type === 'healthCheck', 'the message', { from });
    assert.equal(hooked.signed, true);
    assert.equal((await integration.getAppInfo()).healthCheckDetails.healthCheckResult.success, true);

    receiver.answer = () => ({ status: 500, body: {} });
    const { healthCheckResult: bad } = await hallway.json('integration', 'health-check', installed.appId);
    assert.equal(bad.managementState, 'failed');
    assert.equal(bad.webhookState, 'failure');
    assert.equal(bad.success, false);
    receiver.answer = () => ({ status: 200, body: {} });
  });

  test('an approved update is posted to the actions URL', async () => {
    const from = receiver.requests.mark;
    const { manifest: first } = installed;
    const file = await hallway.file('update.json', manifest({
      id: first.id, name: first.displayName, version: 2, status: [...first.xapiAccess.status.map((rule) => rule.path), 'Network[*].*'],
    }));
    assert.equal((await hallway.json('integration', 'update', installed.appId, file)).pending, true);
    await hallway.json('integration', 'approve', installed.appId);
    const posted = await receiver.requests.first(({ path }) => path === '/actions', 'the action', { from });
    assert.deepEqual(Object.keys(posted.body), ['jwt']);
    const { payload } = await jwtVerify(posted.body.jwt, keys, { algorithms: ['ES256'] });
    assert.equal(payload.action, 'updateApproved');
    assert.equal(payload.manifestVersion, 2);
  });

  test('the other ways to authenticate, and headers of its own', async () => {
    const checks = [
      [{ type: 'basic_authentication', username: 'hall', password: 'way: ü', secret: undefined },
        ({ headers }) => assert.equal(headers.authorization, `Basic ${Buffer.from('hall:way: ü').toString('base64')}`)],
      [{ type: 'authorization_header', secret: 'Token 123' },
        ({ headers }) => assert.equal(headers.authorization, 'Token 123')],
      [{ headers: { 'X-Tenant': 'fjord' } },
        ({ headers, signed }) => { assert.equal(headers['x-tenant'], 'fjord'); assert.equal(signed, true); }],
    ];
    for (const [i, [webhook, check]] of checks.entries()) {
      const from = receiver.requests.mark;
      await connectBy(webhook);
      await tap(`way ${i}`);
      check(await receiver.requests.first(click(`way ${i}`), webhook.type, { from }));
    }
  });

  test('bad webhooks are refused', async () => {
    const refused = (webhook) => assert.rejects(connectBy(webhook), /"status":400/, JSON.stringify(webhook));
    await refused({ secret: 'short' });
    await refused({ secret: undefined });
    await refused({ targetUrl: undefined });
    await refused({ type: 'basic_authentication', secret: undefined });
    await refused({ type: 'pigeon' });
    await refused({ targetUrl: 'ftp://example.com/' });
  });

  test('webhook and queue take each other\'s place', async () => {
    const token = integration.serialize().accessToken;
    const { appUrl } = installed.claims;
    const patch = (body) => hallway.api(appUrl, { method: 'PATCH', body, token });
    const webhook = { targetUrl: `${receiver.url}/hook`, type: 'hmac_signature', secret: SECRET };
    assert.equal((await patch({ webhook, queue: { state: 'enabled' } })).status, 400);

    const polling = await patch({ queue: { state: 'enabled' } });
    assert.equal(polling.status, 200);
    assert.equal(polling.body.webhook, undefined);
    const { pollUrl } = polling.body.queue;
    const from = receiver.requests.mark;
    await tap('for the queue');
    for (let found = false; !found;) {
      const { body } = await hallway.api(pollUrl, { token });
      found = body.messages.some(({ events: list }) => list?.some(({ value }) => value.PanelId === 'for the queue'));
    }

    const hooked = await patch({ webhook });
    assert.equal(hooked.body.queue, undefined);
    await tap('for the webhook');
    await receiver.requests.first(click('for the webhook'), 'the click', { from });
    assert.equal(receiver.requests.all.slice(from).some(click('for the queue')), false, 'heard twice');
    assert.equal((await hallway.api(pollUrl, { token })).status, 404);

    // A start without notifications changes nothing; a webhook of type none takes it away.
    await connect(credentials(installed));
    assert.equal((await integration.getAppInfo()).webhook.targetUrl, `${receiver.url}/hook`);
    assert.equal((await patch({ webhook: { type: 'none' } })).body.webhook, undefined);
    await connectBy({});
  });

  test('deactivation is posted', async () => {
    const from = receiver.requests.mark;
    await hallway.json('integration', 'deactivate', installed.appId);
    const posted = await receiver.requests.first(({ path }) => path === '/actions', 'the farewell', { from });
    const { payload } = await jwtVerify(posted.body.jwt, keys);
    assert.equal(payload.action, 'deprovision');
    await assert.rejects(async () => { for (;;) await integration.getAppInfo(); }, /"status":40[14]/);
  });
});

// The life of an integration with the official Node SDK and long polling.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { connect, createAccessToken, deserialize } from 'workspace-integrations';

import { Hallway } from '../lib/hallway.mjs';
import { credentials, install, leadKeyHostsTo, manifest, start } from '../lib/integration.mjs';

const require = createRequire(import.meta.url);
const ROOM = 'Board Room';

const PANEL = `<Extensions>
  <Version>1.11</Version>
  <Panel>
    <Order>1</Order>
    <Location>HomeScreen</Location>
    <Icon>Lightbulb</Icon>
    <Name>Lights &amp; blinds</Name>
    <ActivityType>Custom</ActivityType>
    <Page>
      <Name>Lights</Name>
      <Row>
        <Name>Ceiling</Name>
        <Widget>
          <WidgetId>ceiling</WidgetId>
          <Type>ToggleButton</Type>
          <Options>size=1</Options>
        </Widget>
      </Row>
    </Page>
  </Panel>
</Extensions>
`;

describe('an integration that polls', () => {
  let hallway;
  let installed;
  let integration;
  let xapi;
  let statuses;
  let events;
  let actions;
  let room;

  before(async () => {
    hallway = await Hallway.start();
    leadKeyHostsTo(hallway.url);
    installed = await install(hallway, manifest({ name: 'Poller' }));
    ({ integration, statuses, events, actions } = await start(installed));
    xapi = integration.xapi;
    room = await hallway.deviceId(ROOM);
  });
  after(() => hallway?.stop());

  test('the ready file says what a client needs', () => {
    const { url, webexapisBaseUrl, oauthUrl, jwksUrl, orgId, adminToken } = hallway.ready;
    assert.equal(webexapisBaseUrl, `${url}/v1`);
    assert.equal(oauthUrl, `${url}/v1/access_token`);
    assert.ok(jwksUrl.startsWith(url) && orgId && adminToken);
  });

  describe('its activation code', () => {
    test('is signed with a published key', async () => {
      const { alg, kid, typ } = decodeProtectedHeader(installed.code);
      assert.deepEqual({ alg, typ }, { alg: 'ES256', typ: 'JWT' });
      assert.ok(kid);
      const keys = createRemoteJWKSet(new URL(hallway.ready.jwksUrl));
      const { payload } = await jwtVerify(installed.code, keys, { algorithms: ['ES256'] });
      assert.equal(payload.action, 'provision');
      assert.equal(payload.sub, hallway.ready.orgId);
      assert.equal(payload.appId, installed.manifest.id);
      assert.equal(payload.oauthUrl, hallway.ready.oauthUrl);
      assert.equal(payload.webexapisBaseUrl, hallway.ready.webexapisBaseUrl);
      assert.equal(payload.region, 'us-east-2_a');
      assert.equal(Buffer.from(payload.jti, 'base64').length, 16);
      assert.equal(Date.parse(payload.expiryTime) - payload.iat * 1000 < 24 * 3_600_000 + 1000, true);
      assert.equal(Date.parse(payload.expiryTime) - payload.iat * 1000 >= 24 * 3_600_000 - 1000, true);
      assert.deepEqual(payload.scopes.split(',').sort(), installed.manifest.apiAccess.map((a) => a.scope).sort());
      const access = JSON.parse(payload.xapiAccess);
      assert.deepEqual(access.statuses, installed.manifest.xapiAccess.status.map((rule) => rule.path));
      assert.deepEqual(access.commands, ['*']);
    });

    test('passes the verification of the SDK', async () => {
      // Not twice: the SDK refuses a token that it has seen. So this is a code of its own.
      const other = await install(hallway, manifest({ name: 'Verified' }));
      const claims = await integration.decodeJwt(other.code);
      assert.equal(claims.appId, other.appId);
      assert.equal(await integration.decodeJwt(other.code), false, 'the same token again');
      const [head, body, signature] = (await install(hallway, manifest({ name: 'Forged' }))).code.split('.');
      const forged = Buffer.from(body, 'base64url').toString().replace('"provision"', '"deprovision"');
      assert.equal(await integration.decodeJwt([head, Buffer.from(forged).toString('base64url'), signature].join('.')), false);
    });

    test('is read by the tool of the SDK', async () => {
      const tool = path.join(path.dirname(require.resolve('workspace-integrations')), 'cli.js');
      const preload = pathToFileURL(new URL('../lib/lead-key-hosts.mjs', import.meta.url).pathname).href;
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', preload, tool, installed.code, 'env'],
        { env: { ...process.env, HALLWAY_KEYS_AT: hallway.url } });
      assert.match(stdout, /Successfully verified/);
      assert.ok(stdout.includes(`OAUTH_URL=${hallway.ready.oauthUrl}`));
      assert.ok(stdout.includes(`REFRESH_TOKEN=${installed.claims.refreshToken}`));
    });

    test('is read by the command line', async () => {
      assert.deepEqual(await hallway.json('jwt', 'decode', installed.code), installed.claims);
    });
  });

  test('connecting completes the activation and opens a queue', async () => {
    const app = await integration.getAppInfo();
    assert.equal(app.id, installed.appId);
    assert.equal(app.manifestVersion, 1);
    assert.equal(app.provisioningState, 'completed');
    assert.equal(app.queue.state, 'enabled');
    assert.ok(app.queue.pollUrl);
    assert.equal(app.webhook, undefined);
    assert.equal(app.expiresAt, undefined);
    assert.equal((await hallway.json('integration', 'show', installed.appId)).state, 'active');
  });

  test('wrong credentials are told as an error', async () => {
    const wrong = (change) => assert.rejects(connect({ ...credentials(installed), ...change }), (error) => {
      const { status, message, trackingId } = JSON.parse(error.message);
      assert.ok([400, 401].includes(status), error.message);
      assert.ok(message && trackingId, error.message);
      return true;
    });
    await wrong({ clientSecret: 'wrong' });
    await wrong({ clientId: 'C0ffee' });
    await wrong({ activationCode: { ...installed.claims, refreshToken: 'wrong' } });
  });

  describe('places', () => {
    test('devices and workspaces are listed', async () => {
      const devices = await integration.devices.getDevices();
      const workspaces = await integration.workspaces.getWorkspaces();
      assert.ok(devices.length > 5 && workspaces.length > 5);
      for (const device of devices) {
        assert.ok(Array.isArray(device.tags) && Array.isArray(device.errorCodes), device.displayName);
      }
      assert.ok(workspaces.some((workspace) => workspace.displayName === 'Store room'));
    });

    test('filters narrow the list together', async () => {
      const tagged = await integration.devices.getDevices({ tag: 'wi-demo', connectionStatus: 'connected' });
      assert.ok(tagged.length >= 3 && tagged.every((device) => device.tags.includes('wi-demo')));
      const porto = await integration.devices.getDevices({ tag: 'porto' });
      const both = await integration.devices.getDevices({ tag: 'wi-demo,porto' });
      assert.ok(porto.length > both.length && both.length === 1);
      assert.deepEqual(await integration.devices.getDevices({ tag: 'wi-demo', connectionStatus: 'disconnected' }), []);
      const huddles = await integration.workspaces.getWorkspaces({ type: 'huddle' });
      assert.deepEqual(huddles.map((workspace) => workspace.displayName).sort(), ['Cove', 'Skerry']);
      const accessories = await integration.devices.getDevices({ type: 'accessory' });
      assert.ok(accessories.length >= 1 && accessories.every((device) => !device.capabilities.includes('xapi')));
    });

    test('one device and one workspace are fetched by id', async () => {
      const device = await integration.devices.getDevice(room);
      assert.equal(device.displayName, ROOM);
      assert.match(device.connectionStatus, /^connected/);
      const workspace = await integration.workspaces.getWorkspace(device.workspaceId);
      assert.equal(workspace.displayName, 'Board Room');
      assert.equal((await integration.devices.getDevice(`${room}=`)).id, room, 'padded as real ids are');
      await assert.rejects(integration.devices.getDevice(`${room.slice(0, -4)}AAAA`), /"status":40[04]/);
    });

    test('pages are linked', async () => {
      const { accessToken: token } = integration.serialize();
      const seen = [];
      let next = `${hallway.ready.webexapisBaseUrl}/devices?max=4&`;
      while (next) {
        const page = await hallway.api(next, { token });
        assert.equal(page.status, 200);
        assert.ok(page.body.items.length > 0 && page.body.items.length <= 4);
        seen.push(...page.body.items.map((device) => device.id));
        next = page.headers.get('link')?.match(/<([^>]+)>; *rel="next"/)?.[1];
      }
      const all = await integration.devices.getDevices();
      assert.deepEqual(seen.sort(), all.map((device) => device.id).sort());
    });
  });

  describe('status', () => {
    test('a leaf is a typed value', async () => {
      await xapi.command(room, 'Audio Volume Set', { Level: 33 });
      assert.equal(await xapi.status.get(room, 'Audio.Volume'), 33);
      assert.equal(await xapi.status.get(room, 'Audio Volume'), 33);
      await hallway.json('device', 'set', ROOM, 'RoomAnalytics.PeopleCount.Current', '4');
      assert.equal(await xapi.status.get(room, 'RoomAnalytics.PeopleCount.Current'), 4);
    });

    test('a wildcard gives a tree', async () => {
      await hallway.json('device', 'set', ROOM, 'RoomAnalytics.PeopleCount.Current', '5');
      const analytics = await xapi.status.get(room, 'RoomAnalytics.*');
      assert.equal(analytics.PeopleCount.Current, 5);
      assert.ok('PeoplePresence' in analytics);
    });

    test('calls are a list', async () => {
      const { CallId } = await xapi.command(room, 'Dial', { Number: 'kittiwake@example.com' });
      assert.ok(Number.isInteger(CallId));
      const states = await xapi.status.get(room, 'Call[*].Status');
      assert.ok(Array.isArray(states) && states.length === 1 && typeof states[0] === 'string', JSON.stringify(states));
      assert.equal(typeof await xapi.status.get(room, `Call[${CallId}].Status`), 'string');
      await xapi.command(room, 'Call.Disconnect', { CallId });
      assert.equal(await xapi.status.get(room, 'Call[*].Status', true), false);
    });

    test('what is not there is an error, or false if the caller likes', async () => {
      await assert.rejects(xapi.status.get(room, 'Self.Destruct'), /not found/);
      assert.equal(await xapi.status.get(room, 'Self.Destruct', true), false);
      // Held by the device, not by the integration.
      await assert.rejects(xapi.status.get(room, 'Video.Selfview.Mode'), /not found/);
      await assert.rejects(xapi.status.get(room, 'Audio..Volume'), /"status":400/);
      await assert.rejects(xapi.status.get('nobody', 'Audio.Volume'), /"status":40[04]/);
    });
  });

  describe('commands', () => {
    test('have arguments and results', async () => {
      const done = await xapi.command(room, 'UserInterface.Message.Alert.Display', { Text: 'Grüße, 部屋 🚪', Duration: 3 });
      assert.ok(done === undefined || done === null || typeof done === 'object');
      await xapi.command(room, 'audio.volume.set', { level: '40' });
      assert.equal(await xapi.status.get(room, 'Audio.Volume'), 40);
    });

    test('have bodies of several lines', async () => {
      await xapi.command(room, 'UserInterface.Extensions.Panel.Save', { PanelId: 'lights' }, PANEL);
      const { Extensions } = await xapi.command(room, 'UserInterface.Extensions.List');
      const panel = Extensions.Panel.find((found) => found.PanelId === 'lights');
      assert.equal(panel.Name, 'Lights & blinds');

      const source = 'import xapi from \'xapi\';\n\nxapi.Status.Audio.Volume.on((v) => console.log(`"${v}"\\n`));\n';
      await xapi.command(room, 'Macros.Macro.Save', { Name: 'volume' }, source);
      const { Macro } = await xapi.command(room, 'Macros.Macro.Get', { Name: 'volume', Content: true });
      assert.equal(Macro[0].Content, source);
    });

    test('have bodies that are objects', async () => {
      const start = new Date(Date.now() + 3_600_000).toISOString();
      const end = new Date(Date.now() + 7_200_000).toISOString();
      await xapi.command(room, 'Bookings.Put', {}, {
        Bookings: [{ Id: 'b-1', Title: 'Plan the garden', Organizer: { Name: 'Hedda Moen' }, Time: { StartTime: start, EndTime: end } }],
      });
      const { Booking } = await xapi.command(room, 'Bookings.List');
      assert.equal(Booking.length, 1);
      assert.equal(Booking[0].Title, 'Plan the garden');
      const one = await xapi.command(room, 'Bookings.Get', { Id: 'b-1' });
      assert.equal(one.Booking.Id, 'b-1');
      assert.equal(await xapi.status.get(room, 'Bookings.Availability.Status'), 'FreeUntil');
      await xapi.command(room, 'Bookings.Clear');
    });

    test('that are wrong are refused by name', async () => {
      const refused = async (status, mentions, ...args) => {
        await assert.rejects(xapi.command(room, ...args), (error) => {
          const body = JSON.parse(error.message);
          assert.equal(body.status, status, error.message);
          assert.ok(body.message && body.trackingId && Array.isArray(body.errors), error.message);
          assert.match(error.message, mentions);
          return true;
        });
      };
      await refused(404, /Self\.Destruct/, 'Self.Destruct');
      await refused(400, /Level/, 'Audio.Volume.Set', { Level: 101 });
      await refused(400, /Level/, 'Audio.Volume.Set', { Level: 'loud' });
      await refused(400, /Level/, 'Audio.Volume.Set');
      await refused(400, /Lvl/, 'Audio.Volume.Set', { Level: 1, Lvl: 2 });
      await refused(409, /99/, 'Call.Disconnect', { CallId: 99 });
    });
  });

  describe('configurations', () => {
    test('are read and set', async () => {
      await xapi.config.set(room, 'Audio.DefaultVolume', 33);
      assert.equal(await xapi.config.get(room, 'Audio.DefaultVolume'), 33);
      await xapi.config.set(room, 'Audio DefaultVolume', '35');
      assert.equal(await xapi.config.get(room, 'Audio.DefaultVolume'), 35);
      const audio = await xapi.config.get(room, 'Audio.*');
      assert.equal(audio.DefaultVolume, 35);
    });

    test('are set together, all or none', async () => {
      await xapi.config.setMany(room, { 'Audio.DefaultVolume': 44, 'Standby.Delay': 15 });
      assert.equal(await xapi.config.get(room, 'Audio.DefaultVolume'), 44);
      assert.equal(await xapi.config.get(room, 'Standby.Delay'), 15);
      await assert.rejects(xapi.config.setMany(room, { 'Audio.DefaultVolume': 45, 'Standby.Delay': 100_000 }), /"status":400.*Standby\.Delay|Standby\.Delay.*"status":400/);
      assert.equal(await xapi.config.get(room, 'Audio.DefaultVolume'), 44);
    });

    test('in lists have ids', async () => {
      const servers = await xapi.config.get(room, 'NetworkServices.NTP.Server[*].Address');
      assert.ok(Array.isArray(servers) && servers.length === 3, JSON.stringify(servers));
    });

    test('that do not exist are an error', async () => {
      await assert.rejects(xapi.config.get(room, 'Self.Destruct'), /not found/);
      await assert.rejects(xapi.config.set(room, 'Self.Destruct', 1), /"status":404/);
    });
  });

  describe('notifications', () => {
    test('a full sync of every room comes first', async () => {
      const sync = await statuses.first(
        ({ deviceId, message }) => deviceId === room && message.isFullSync, 'a full sync of the room');
      assert.equal(sync.message.type, 'status');
      assert.equal(sync.message.appId, installed.appId);
      assert.equal(sync.message.orgId, hallway.ready.orgId);
      assert.ok(sync.message.workspaceId && Date.parse(sync.message.timestamp));
      assert.deepEqual(sync.message.changes.removed, []);
      const other = await hallway.deviceId('Cove Board');
      await statuses.first(({ deviceId, message }) => deviceId === other && message.isFullSync, 'that of another room');
    });

    test('changed values arrive, in order and typed', async () => {
      const from = statuses.mark;
      for (const count of [7, 8, 9, 10]) {
        await hallway.json('device', 'set', ROOM, 'RoomAnalytics.PeopleCount.Current', String(count));
      }
      const counts = (item) => item.deviceId === room && item.path === 'RoomAnalytics.PeopleCount.Current' && !item.message.isFullSync;
      await statuses.first((item) => counts(item) && item.value === 10, 'the last count', { from });
      const seen = statuses.all.slice(from).filter(counts).map(({ value }) => value);
      assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
      assert.equal(seen.at(-1), 10);
    });

    test('standby is told', async () => {
      const from = statuses.mark;
      await xapi.command(room, 'Standby.Deactivate');
      assert.equal(await xapi.status.get(room, 'Standby.State'), 'Off');
      await xapi.command(room, 'Standby.Activate');
      await statuses.first(({ deviceId, path: key, value }) => deviceId === room && key === 'Standby.State' && value === 'Standby',
        'standby', { from, ms: 3000 });
      await xapi.command(room, 'Standby.Deactivate');
    });

    test('removed paths are told', async () => {
      const from = statuses.mark;
      const { LocalInstance } = await xapi.command(room, 'Presentation.Start', { PresentationSource: 1 });
      const item = `Conference.Presentation.LocalInstance[${LocalInstance ?? 1}]`;
      await statuses.first(({ path: key, value }) => key === `${item}.SendingMode` && value === 'LocalOnly', 'the presentation', { from });
      await xapi.command(room, 'Presentation.Stop');
      const gone = await statuses.first(({ path: key, value }) => key.startsWith(item) && value?.ghost === true, 'its end', { from });
      assert.ok(gone.message.changes.removed.includes(gone.path));
      assert.deepEqual(typeof gone.message.changes.updated, 'object');
    });

    test('events arrive with their values', async () => {
      const from = events.mark;
      await hallway.json('device', 'emit', ROOM, 'UserInterface.Extensions.Panel.Clicked', '{"PanelId":"lights"}');
      const click = await events.first(({ path: key }) => key === 'UserInterface.Extensions.Panel.Clicked', 'the click', { from });
      assert.equal(click.deviceId, room);
      assert.equal(click.value.PanelId, 'lights');
      assert.equal(click.message.type, 'events');
      assert.ok(Date.parse(click.message.events[0].timestamp));
    });

    test('an event without values has an empty object', async () => {
      const from = events.mark;
      await hallway.json('device', 'emit', ROOM, 'UserInterface.Extensions.Panel.Close');
      const close = await events.first(({ path: key }) => key === 'UserInterface.Extensions.Panel.Close', 'the close', { from });
      assert.deepEqual(close.value, {});
    });

    test('a prompt is answered', async () => {
      const from = events.mark;
      await xapi.command(room, 'UserInterface.Message.Prompt.Display', {
        Text: 'Is the room warm enough?', FeedbackId: 'warm', 'Option.1': 'Yes', 'Option.2': 'No',
      });
      await xapi.command(room, 'UserInterface.Message.Prompt.Response', { FeedbackId: 'warm', OptionId: 2 });
      const answer = await events.first(({ path: key }) => key === 'UserInterface.Message.Prompt.Response', 'the answer', { from, ms: 3000 });
      assert.equal(answer.value.FeedbackId, 'warm');
      assert.equal(Number(answer.value.OptionId), 2);
    });

    test('ratings, texts and widgets are told', async () => {
      const from = events.mark;
      const told = async (key, value) => {
        const event = await events.first((item) => item.path === key, key, { from });
        assert.deepEqual({ ...event.value, ...value }, event.value);
      };
      await xapi.command(room, 'UserInterface.Message.Rating.Display', { Text: 'How was it?', FeedbackId: 'r' });
      await xapi.command(room, 'UserInterface.Message.Rating.Response', { FeedbackId: 'r', Rating: 4 });
      await told('UserInterface.Message.Rating.Response', { FeedbackId: 'r', Rating: 4 });
      await xapi.command(room, 'UserInterface.Message.TextInput.Display', { Text: 'Your name?', FeedbackId: 't' });
      await xapi.command(room, 'UserInterface.Message.TextInput.Response', { FeedbackId: 't', Text: 'Åse' });
      await told('UserInterface.Message.TextInput.Response', { FeedbackId: 't', Text: 'Åse' });
      await xapi.command(room, 'UserInterface.Message.TextInput.Display', { Text: 'Again?', FeedbackId: 'u' });
      await xapi.command(room, 'UserInterface.Message.TextInput.Clear', { FeedbackId: 'u' });
      await told('UserInterface.Message.TextInput.Clear', { FeedbackId: 'u' });
      await hallway.json('device', 'emit', ROOM, 'UserInterface.Extensions.Widget.Action',
        '{"WidgetId":"ceiling","Type":"changed","Value":"on"}');
      await told('UserInterface.Extensions.Widget.Action', { WidgetId: 'ceiling', Type: 'changed', Value: 'on' });
    });

    test('a meeting is told from its start to its end', async () => {
      const [from, mark] = [events.mark, statuses.mark];
      const heard = (key, fits) => events.first((item) => item.path === key && fits(item.value), key, { from });
      const { MeetingId } = await xapi.command(room, 'Bookings.Book', { Duration: 30, Title: 'Ad hoc' });
      await heard('Bookings.Start', ({ Id }) => Id === MeetingId);
      await statuses.first((item) => item.path === 'Bookings.Current.Id' && item.value === MeetingId, 'what is on', { from: mark });
      assert.equal(await xapi.status.get(room, 'Bookings.Availability.Status'), 'BookedUntil');
      await xapi.command(room, 'Bookings.Extend', { MeetingId, Duration: 15 });
      await heard('Bookings.ExtensionRequested', ({ OriginalMeetingId, Duration }) => OriginalMeetingId === MeetingId && Duration === 15);
      await xapi.command(room, 'Bookings.Delete', { MeetingId });
      await heard('Bookings.Deleted', ({ Id }) => Id === MeetingId);
      await statuses.first((item) => item.path === 'Bookings.Current.Id' && item.value.ghost === true, 'that it is over', { from: mark });
    });

    test('the sensors of a touch panel are told below its device', async () => {
      const name = 'Gannet Room Kit';
      const id = await hallway.deviceId(name);
      const peripherals = await install(hallway, manifest({
        name: 'Air', status: ['Peripherals.ConnectedDevice[*].RoomAnalytics.*'], commands: [], events: [],
      }));
      const air = await start(peripherals);
      const sync = await air.statuses.first(({ deviceId, path: key }) => deviceId === id && key.endsWith('.RoomAnalytics.AirQuality.Index'), 'the air');
      const [, index] = sync.path.match(/^Peripherals\.ConnectedDevice\[(\d+)\]/);
      assert.ok(Number(index) > 1000);
      const from = air.statuses.mark;
      await hallway.json('device', 'set', name, `Peripherals.ConnectedDevice[${index}].RoomAnalytics.RelativeHumidity`, '63');
      const { value } = await air.statuses.first(({ path: key }) => key.endsWith('.RelativeHumidity'), 'the humidity', { from });
      assert.equal(value, 63);
      const humid = await air.integration.xapi.status.get(id, 'Peripherals.ConnectedDevice[*].RoomAnalytics.RelativeHumidity');
      assert.deepEqual(humid, [63]);
    });

    test('a call is told from its start to its end', async () => {
      const from = events.mark;
      const { CallId } = await xapi.command(room, 'Dial', { Number: 'gannet@example.com' });
      const begun = await events.first(({ path: key }) => key === 'CallSuccessful', 'the call', { from });
      assert.equal(begun.value.CallId, CallId);
      await xapi.command(room, 'Call.Disconnect', { CallId });
      const ended = await events.first(({ path: key }) => key === 'CallDisconnect', 'its end', { from });
      assert.equal(ended.value.CallId, CallId);
      assert.ok(Number.isInteger(ended.value.Duration));
    });

    test('a device that was away is told of, and syncs when it is back', async () => {
      const name = 'Quay Board';
      const id = await hallway.deviceId(name);
      await statuses.first(({ deviceId, message }) => deviceId === id && message.isFullSync, 'its first sync');
      await hallway.json('device', 'disconnect', name);
      const [away] = await integration.devices.getDevices({ displayName: name }); // goes out with a raw blank
      assert.equal(away.connectionStatus, 'disconnected');
      await assert.rejects(xapi.status.get(id, 'Audio.Volume'), /"status":504/);
      const from = statuses.mark;
      await hallway.json('device', 'connect', name);
      await statuses.first(({ deviceId, message }) => deviceId === id && message.isFullSync, 'its sync', { from });
      assert.equal(typeof await xapi.status.get(id, 'Audio.Volume'), 'number');
    });

    test('a restart of a device is an event', async () => {
      const from = events.mark;
      const id = await hallway.deviceId('Lobby Mini');
      await hallway.json('device', 'reboot', 'Lobby Mini');
      const boot = await events.first(({ deviceId, path: key }) => deviceId === id && key === 'BootEvent', 'the restart', { from });
      assert.equal(boot.value.Action, 'Restart');
    });
  });

  describe('actions', () => {
    test('an approved update is told, and gives what it asked for', async () => {
      const { manifest: first } = installed;
      const second = manifest({
        id: first.id, name: first.displayName, version: 2,
        status: [...first.xapiAccess.status.map((rule) => rule.path), 'Video.*'],
      });
      const file = await hallway.file('second.json', second);
      const updated = await hallway.json('integration', 'update', installed.appId, file);
      assert.equal(updated.pending, true);
      assert.equal(updated.growth.length, 1);
      assert.equal((await integration.getAppInfo()).manifestVersion, 1);
      await assert.rejects(xapi.status.get(room, 'Video.Selfview.Mode'), /not found/);
      assert.equal((await hallway.json('integration', 'show', installed.appId)).state, 'updatePending');

      const from = actions.mark;
      await hallway.json('integration', 'approve', installed.appId);
      const action = await actions.first(({ action: name }) => name === 'updateApproved', 'the action', { from });
      assert.equal(action.manifestVersion, 2);
      assert.equal(action.appId, installed.appId);
      assert.ok(JSON.parse(action.xapiAccess).statuses.includes('Video.*'));
      assert.equal((await integration.getAppInfo()).manifestVersion, 2);
      assert.equal(typeof await xapi.status.get(room, 'Video.Selfview.Mode'), 'string');
    });

    test('an update that asks for nothing new is in force at once, and told', async () => {
      const from = actions.mark;
      const { manifest: first } = installed;
      const third = manifest({
        id: first.id, name: first.displayName, version: 3, description: 'Says it better.',
        status: [...first.xapiAccess.status.map((rule) => rule.path), 'Video.*'],
      });
      const updated = await hallway.json('integration', 'update', installed.appId, await hallway.file('third.json', third));
      assert.equal(updated.pending, false);
      const action = await actions.first(({ action: name }) => name === 'updateApproved', 'the action', { from });
      assert.equal(action.manifestVersion, 3);
    });

    test('a health check is asked by the queue', async () => {
      const from = actions.mark;
      const { healthCheckResult } = await hallway.json('integration', 'health-check', installed.appId);
      assert.equal(healthCheckResult.managementState, 'not_applicable');
      await actions.first(({ action: name }) => name === 'healthCheck', 'the action', { from });
      // The answer is a PATCH.
      const { accessToken: token } = integration.serialize();
      const answered = await hallway.api(installed.claims.appUrl, { method: 'PATCH', token, body: { operationalState: 'impaired' } });
      assert.equal(answered.status, 200);
      assert.equal((await hallway.json('integration', 'show', installed.appId)).activation.operationalState, 'impaired');
    });

    test('a new signing key is published before it signs, and old tokens stay good', async () => {
      await hallway.json('keys', 'rotate');
      assert.equal((await hallway.json('jwt', 'decode', installed.code)).appId, installed.appId);
      const from = actions.mark;
      await hallway.json('integration', 'health-check', installed.appId);
      await actions.first(({ action: name }) => name === 'healthCheck', 'an action, verified by the SDK', { from });
    });

    test('a new refresh token is told, and the old one goes on', async () => {
      const from = actions.mark;
      await hallway.json('integration', 'renew-token', installed.appId);
      const action = await actions.first(({ action: name }) => name === 'update', 'the action', { from });
      const { refreshToken: old } = installed.claims;
      assert.ok(action.refreshToken && action.refreshToken !== old);
      for (const refreshToken of [action.refreshToken, old]) {
        const { access_token: token } = await createAccessToken({ ...credentials(installed), ...installed.claims, refreshToken });
        assert.equal((await hallway.api(installed.claims.appUrl, { token })).status, 200);
      }
    });

    test('an older version is refused', async () => {
      const file = await hallway.file('again.json', { ...installed.manifest, manifestVersion: 3 });
      const { code, stderr } = await hallway.cli(['integration', 'update', installed.appId, file]);
      assert.equal(code, 1);
      assert.match(stderr, /version/i);
    });
  });

  describe('tokens', () => {
    test('a refresh leaves the old token good', async () => {
      const old = integration.serialize().accessToken;
      await integration.refreshToken();
      assert.ok((await integration.devices.getDevices({ max: 1 })).length > 5);
      const oauth = { ...credentials(installed), ...installed.claims };
      const fresh = await createAccessToken(oauth);
      assert.notEqual(fresh.access_token, old);
      assert.equal(fresh.token_type, 'Bearer');
      assert.equal(fresh.expires_in, 64_800);
      assert.equal(fresh.refresh_token, installed.claims.refreshToken);
      // It is extended by use, but not more than once a day.
      assert.ok(Math.abs(fresh.refresh_token_expires_in - 7_776_000) < 600);
      assert.ok(fresh.scope.split(' ').includes('spark:xapi_statuses'));
      for (const token of [old, fresh.access_token]) {
        assert.equal((await hallway.api('/devices', { token })).status, 200);
      }
      assert.equal((await hallway.api('/devices', { token: `${old}x` })).status, 401);
    });

    test('state moves to another process', async () => {
      const state = JSON.parse(JSON.stringify(integration.serialize()));
      delete state.pollUrl; // two pollers of one queue would take turns
      const copy = await deserialize(state);
      assert.equal(await copy.xapi.status.get(room, 'Standby.State'), 'Off');
      const expired = await deserialize({ ...state, accessToken: 'gone', tokenExpiryTime: new Date(0).toISOString() });
      assert.equal((await expired.getAppInfo()).id, installed.appId);
    });
  });

  test('people are listed, if the scope is held', async () => {
    const readers = await install(hallway, manifest({ name: 'Reader of people', scopes: ['spark-admin:people_read'], status: [], commands: [], events: [] }));
    const reader = await connect(credentials(readers));
    const { items } = await reader.webexApi('people/');
    assert.ok(items.length > 5);
    await assert.rejects(integration.webexApi('people/'), /"status":403/);
  });

  test('a list of more than 999 is read to its end', async () => {
    const { body: { items: [location] } } = await hallway.api('/locations');
    const names = Array.from({ length: 1000 }, (_, i) => `Cell ${i}`);
    const creator = async () => {
      for (let name = names.pop(); name; name = names.pop()) {
        const made = await hallway.api('/workspaces', { method: 'POST', body: { displayName: name, locationId: location.id } });
        assert.equal(made.status, 201, JSON.stringify(made.body));
      }
    };
    await Promise.all(Array.from({ length: 16 }, creator));
    const workspaces = await integration.workspaces.getWorkspaces();
    assert.ok(workspaces.length > 1000);
    assert.equal(new Set(workspaces.map(({ id }) => id)).size, workspaces.length);
  });

  test('deactivation is told by the queue, and then all doors are shut', async () => {
    const goner = await install(hallway, manifest({ name: 'Goner' }));
    const running = await start(goner);
    await running.statuses.first(({ message }) => message.isFullSync, 'that it listens');
    await hallway.json('integration', 'deactivate', goner.appId);
    const action = await running.actions.first(({ action: name }) => name === 'deprovision', 'the farewell');
    assert.equal(action.appId, goner.appId);
    // The next poll ends it.
    await running.integration.getAppInfo().then(
      () => assert.rejects(async () => { for (;;) await running.integration.getAppInfo(); }, /"status":40[14]/),
      (error) => assert.match(error.message, /"status":40[14]/));
    await assert.rejects(connect(credentials(goner)), /"status":40[01]/);
    assert.equal((await hallway.json('integration', 'show', goner.appId)).state, 'inactive');

    // A second life is a new one.
    const { activationCode } = await hallway.json('integration', 'activate', goner.appId);
    const claims = await hallway.json('jwt', 'decode', activationCode);
    assert.notEqual(claims.refreshToken, goner.claims.refreshToken);
    await assert.rejects(connect(credentials(goner)), /"status":40[01]/);
    const again = await start({ ...goner, claims });
    await again.statuses.first(({ message }) => message.isFullSync, 'that it listens again');
  });

  test('a code that was never used is replaced by the next one', async () => {
    const first = await install(hallway, manifest({ name: 'Late' }));
    const { activationCode } = await hallway.json('integration', 'activate', first.appId);
    await assert.rejects(connect(credentials(first)), /"status":40[01]/);
    const second = await connect(credentials({ ...first, claims: await hallway.json('jwt', 'decode', activationCode) }));
    assert.equal((await second.getAppInfo()).provisioningState, 'completed');
  });

  test('an integration ends itself', async () => {
    const leaver = await install(hallway, manifest({ name: 'Leaver' }));
    const { accessToken: token } = (await connect(credentials(leaver))).serialize();
    assert.equal((await hallway.api(leaver.claims.appUrl, { method: 'DELETE', token })).status, 204);
    assert.equal((await hallway.json('integration', 'show', leaver.appId)).state, 'inactive');
    await assert.rejects(connect(credentials(leaver)), /"status":40[01]/);
  });
});

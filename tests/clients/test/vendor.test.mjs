// A vendor in JavaScript, and two organizations that use it: everything that the platform tells it is verified with
// `jose`, and everything that the administrators do is done by the command line.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { Hallway, run } from '../lib/hallway.mjs';
import { manifest } from '../lib/integration.mjs';
import { eventually } from '../lib/waiting.mjs';
import { Vendor } from '../vendor/vendor.mjs';

const BOARD = 'Kittiwake Bar';

describe('a vendor with two customers', () => {
  const app = randomUUID();
  let hallway;
  let vendor;
  let signs; // the vendor's organization
  let other; // the second customer; the first is the demo organization, whose administrator is the operator
  let first;
  let second;

  /** The command line of another organization's administrator. */
  const as = (token) => async (...args) => {
    const { code, stdout, stderr } = await run(['--json', '--url', hallway.url, ...args], { env: { HALLWAY_TOKEN: token } });
    assert.equal(code, 0, `hallway ${args.join(' ')}: ${stderr}`);
    return JSON.parse(stdout);
  };
  const refused = async (token, args, words) => {
    const { code, stderr } = await run(['--url', hallway.url, ...args], { env: { HALLWAY_TOKEN: token } });
    assert.notEqual(code, 0, args.join(' '));
    assert.match(stderr, words);
  };
  const written = (version, more = {}) => manifest({
    name: 'Signs & Panels', id: app, version, availability: 'global', status: [], commands: [], events: [],
    scopes: ['spark-admin:devices_digital_signage', '?spark-admin:devices_pwa', 'spark-admin:devices_read'],
    features: ['digital_signage', 'persistent_web_app'],
    provisioning: { type: 'https', url: `${vendor.url}/provision` }, tocUrl: 'https://signs.example/terms', ...more,
  });
  const file = (content) => hallway.file(`signs-${content.manifestVersion}.json`, content);
  const found = (action, from = 0, org) => vendor.messages.first(
    (message) => message.action === action && (!org || message.org === org), action, { from });
  const configured = async (device) => (await hallway.json('xapi', 'config', 'get', device, 'Standby.Signage.Url')).items['Standby.Signage.Url'];

  before(async () => {
    hallway = await Hallway.start();
    vendor = await Vendor.start();
    const org = async (name) => {
      const made = await hallway.json('operator', 'org', 'create', name, '--admin-email', `admin@${name.split(' ')[0].toLowerCase()}.example`, '--admin-name', 'Kim Admin');
      return { id: made.organization.id, token: made.accessToken };
    };
    signs = await org('Signs Inc');
    other = await org('Other Ltd');
    signs.json = as(signs.token);
    other.json = as(other.token);
  });
  after(async () => {
    await hallway?.stop();
    await vendor?.stop();
    const lies = vendor.messages.all.filter(({ refused }) => refused);
    assert.deepEqual(lies, [], 'every message could be verified');
  });

  test('the vendor uploads, submits, and the operator approves', async () => {
    const uploaded = await signs.json('integration', 'upload', await file(written(1)));
    vendor.join({ jwksUrl: hallway.ready.jwksUrl, appId: app, ...uploaded });
    assert.deepEqual((await hallway.json('catalog', 'list')).items, [], 'nobody sees it before it is approved');
    await signs.json('vendor', 'submit', app);
    const { items } = await hallway.json('operator', 'pending');
    assert.deepEqual(items.map(({ appId }) => appId), [app]);
    await refused(signs.token, ['operator', 'approve', app], /operator/i);
    await hallway.json('operator', 'approve', app);
    assert.deepEqual((await hallway.json('catalog', 'list')).items.map(({ appId }) => appId), [app]);
  });

  test('each customer activates; the vendor is told at once and leads to its page', async () => {
    const activated = await hallway.json('catalog', 'activate', app);
    assert.match(activated.push.redirectUrl, /^https:\/\/signs\.example\/welcome\?customer=/);
    await other.json('catalog', 'activate', app, '--deny', 'spark-admin:devices_pwa');
    await found('provision', 0, hallway.ready.orgId);
    assert.equal(vendor.tenants.size, 2);
    first = vendor.tenants.get(hallway.ready.orgId);
    second = [...vendor.tenants.values()].find((tenant) => tenant !== first);
    assert.equal(second.name, 'Other Ltd');
    assert.ok(first.claims.signageUrl && first.claims.pwaUrl);
    assert.ok(second.claims.signageUrl && !second.claims.pwaUrl, 'what was denied is not there');
    assert.notEqual(first.claims.refreshToken, second.claims.refreshToken);
  });

  test('one customer\'s token opens nothing of the other', async () => {
    for (const url of [second.claims.appUrl, second.claims.signageUrl, second.claims.manifestUrl]) {
      const { status } = await vendor.ask(first, 'GET', url);
      assert.ok([403, 404].includes(status), `${url}: ${status}`);
    }
    const denied = await vendor.ask(second, 'PUT', second.claims.signageUrl.replace('digitalSignage', 'persistentWebApp'), { pwaUrl: 'https://signs.example' });
    assert.equal(denied.status, 403);
  });

  test('a device shows its own page', async () => {
    const assigned = await hallway.json('signage', 'assign', app, '--device', BOARD);
    assert.equal(assigned.assigned.length, 1);
    const device = await hallway.deviceId(BOARD);
    const expected = `https://signs.example/show?name=Kittiwake%20Bar&device=${device}&_cisco_app_id=${app}`;
    const shown = await eventually(async () => {
      const { value, sources } = await configured(BOARD);
      return value && { value, sources };
    }, 'the device is configured');
    assert.equal(shown.value, expected);
    assert.equal(shown.sources.configured.editability.reason, 'CONFIG_MANAGED_BY_DIFFERENT_AUTHORITY');
    await hallway.json('xapi', 'command', BOARD, 'Standby.Halfwake');
    const screen = await eventually(async () => {
      const screen = await hallway.json('device', 'screen', BOARD);
      return screen.showing.url === expected && screen;
    }, 'the signage is on the screen');
    assert.equal(screen.showing.kind, 'signage');
    await refused(other.token, ['signage', 'assign', app, '--device', device], /device/i);
  });

  test('Room Navigators open their own page', async () => {
    const { assigned } = await hallway.json('pwa', 'assign', app, '--all');
    assert.ok(assigned.length > 0, 'the demo office has Room Navigators');
    for (const { displayName } of assigned) {
      const navigators = await eventually(async () => {
        const { navigators } = await hallway.json('device', 'screen', displayName);
        return navigators.every(({ url }) => url) && navigators;
      }, `the web app of ${displayName} is open`);
      const [{ serial, url }] = navigators;
      assert.equal(url, `https://signs.example/panel?nav=${serial}&_cisco_app_id=${app}`);
    }
    await refused(other.token, ['pwa', 'assign', app, '--all'], /./);
  });

  test('content is managed and assigned on the vendor\'s pages', async () => {
    const manage = await hallway.json('signage', 'launch', app, 'manage');
    assert.equal(manage.redirectUrl, 'https://signs.example/manage?devices=');
    const device = await hallway.deviceId(BOARD);
    const assign = await hallway.json('signage', 'launch', app, 'assign', '--device', BOARD);
    assert.equal(assign.redirectUrl, `https://signs.example/assign?devices=${device}`);
    const { body, claims } = await found('crossLaunch', vendor.messages.mark - 1);
    assert.deepEqual([body.task, body.devices], ['assign_content', [{ deviceId: device, displayName: BOARD }]]);
    assert.equal(claims.sub, hallway.ready.orgId);
  });

  test('a bad page is not opened', async () => {
    for (const [redirectUrl, words] of [
      ['javascript:alert(1)', /redirectUrl/], ['https://user:pass@signs.example', /redirectUrl/], [undefined, /redirectUrl/],
    ]) {
      vendor.mischief = (request, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify({ redirectUrl }));
        return true;
      };
      await refused(hallway.token, ['signage', 'launch', app, 'manage'], words);
    }
    vendor.mischief = () => false;
  });

  test('an update that asks for more waits for each customer', async () => {
    vendor.signage = 'https://signs.example/v2?name=$(deviceName)';
    const more = written(2);
    more.apiAccess.push({ scope: 'spark-admin:workspaces_read', access: 'required' });
    await signs.json('integration', 'update', app, await file(more));
    await signs.json('vendor', 'submit', app);
    await hallway.json('operator', 'approve', app);
    const from = vendor.messages.mark;
    const waiting = await eventually(async () => {
      const { pendingVersion, pendingGrowth } = await hallway.json('integration', 'show', app);
      return pendingVersion === 2 && pendingGrowth;
    }, 'the update waits for approval');
    assert.match(waiting.join(), /workspaces_read/);
    await hallway.json('integration', 'approve', app);
    const { claims } = await found('updateApproved', from, first.org);
    assert.equal(claims.manifestVersion, 2);
    assert.ok(first.scopes.includes('spark-admin:workspaces_read'));
    assert.equal(second.version, 1, 'the other has not approved');
    const url = `https://signs.example/v2?name=Kittiwake%20Bar&_cisco_app_id=${app}`;
    await eventually(async () => (await configured(BOARD)).value === url, 'the device follows without an administrator');
  });

  test('an update that asks for nothing more comes by itself', async () => {
    const same = written(3, { description: 'Now with better words.' });
    same.apiAccess.push({ scope: 'spark-admin:workspaces_read', access: 'required' });
    await signs.json('integration', 'update', app, await file(same));
    await signs.json('vendor', 'submit', app);
    const from = vendor.messages.mark;
    await hallway.json('operator', 'approve', app);
    const { claims } = await found('updateApproved', from, first.org);
    assert.equal(claims.manifestVersion, 3);
  });

  test('the vendor sees its customers, and nothing else of them', async () => {
    const { items } = await signs.json('vendor', 'installations', app);
    assert.equal(items.length, 2);
    assert.deepEqual(items.map(({ orgName, version, state }) => [orgName, version, state]).sort(),
      [[first.name, 3, 'active'], ['Other Ltd', 1, 'updatePending']].sort());
    assert.doesNotMatch(JSON.stringify(items), new RegExp(BOARD));
  });

  test('a customer leaves', async () => {
    const from = vendor.messages.mark;
    await hallway.json('integration', 'deactivate', app);
    await found('deprovision', from, first.org);
    assert.equal(vendor.tenants.size, 1);
    await eventually(async () => (await configured(BOARD)).value === '', 'the device is as before');
    const { items } = await signs.json('vendor', 'installations', app);
    assert.equal(items.length, 1);
    await signs.json('vendor', 'withdraw', app);
    await refused(hallway.token, ['catalog', 'activate', app], /Could not find a public integration/);
    const still = await vendor.ask(second, 'GET', second.claims.appUrl);
    assert.equal(still.status, 200, 'who has it keeps it');
  });
});

// Integrations as an author writes them and an administrator installs them, and the official SDK on top.

import { randomUUID } from 'node:crypto';
import https from 'node:https';
import net from 'node:net';

import { decodeJwt } from 'jose';
import { connect } from 'workspace-integrations';

import { Record } from './waiting.mjs';

/** Paths as a manifest lists them; those behind a `?` are optional. */
const rules = (paths) => paths.map((path) => (path.startsWith('?')
  ? { path: path.slice(1), access: 'optional' }
  : { path, access: 'required' }));

const ADMIN_SCOPES = ['spark-admin:devices_read', 'spark-admin:devices_write', 'spark-admin:workspaces_read'];

/** A manifest that asks for what the tests use, unless told otherwise. */
export function manifest({
  name = 'Client test', version = 1, id = randomUUID(), scopes, status, commands, events, ...rest
} = {}) {
  status ??= ['Audio.*', 'RoomAnalytics.*', 'Standby.*', 'Call[*].*', 'Bookings.*', 'SystemUnit.*',
    'Conference.Presentation.LocalInstance[*].*', 'UserInterface.*', 'Self.Destruct'];
  commands ??= ['*'];
  events ??= ['UserInterface.*', 'Bookings.*', 'BootEvent', 'CallSuccessful', 'CallDisconnect'];
  scopes ??= [...ADMIN_SCOPES,
    ...(status.length ? ['spark:xapi_statuses'] : []), ...(commands.length ? ['spark:xapi_commands'] : [])];
  return {
    id,
    manifestVersion: version,
    displayName: name,
    vendor: 'Fjord & Falk',
    email: 'integrations@fjordfalk.example',
    description: 'Tries whether official clients work.',
    availability: 'org_private',
    apiAccess: scopes.map((scope) => {
      const optional = scope.startsWith('?');
      const bare = optional ? scope.slice(1) : scope;
      const role = bare.startsWith('spark-admin:') ? { role: 'id_readonly_admin' } : {};
      return { scope: bare, access: optional ? 'optional' : 'required', ...role };
    }),
    xapiAccess: { status: rules(status), commands: rules(commands), events: rules(events) },
    provisioning: { type: 'manual' },
    ...rest,
  };
}

/** Uploads and activates by the command line; returns what an author and an integration need. */
export async function install(hallway, written = manifest(), { locations = [], deny = [] } = {}) {
  const file = await hallway.file(`${written.id}.json`, written);
  const uploaded = await hallway.json('integration', 'upload', file);
  const flags = [...locations.flatMap((location) => ['--location', location]), ...deny.flatMap((what) => ['--deny', what])];
  const activated = await hallway.json('integration', 'activate', uploaded.appId, ...flags);
  const code = activated.activationCode;
  return { manifest: written, uploaded, activated, code, claims: decodeJwt(code), appId: uploaded.appId };
}

/** What the SDK wants to be given. */
export function credentials(installed, more = {}) {
  const { oauthUrl, refreshToken, appUrl, webexapisBaseUrl } = installed.claims;
  return {
    clientId: installed.uploaded.clientId,
    clientSecret: installed.uploaded.clientSecret,
    activationCode: { oauthUrl, refreshToken, appUrl, webexapisBaseUrl },
    logLevel: 'silent',
    ...more,
  };
}

/** Connects the official SDK, and records all that its listeners hear. */
export async function start(installed, more = { notifications: 'longpolling' }) {
  const integration = await connect(credentials(installed, more));
  return { ...listen(integration), installed };
}

/** Records all that the listeners of an integration hear. */
export function listen(integration) {
  const statuses = new Record();
  const events = new Record();
  const actions = new Record();
  integration.xapi.status.on('', (deviceId, path, value, message) => statuses.push({ deviceId, path, value, message }));
  integration.xapi.event.on('', (deviceId, path, value, message) => events.push({ deviceId, path, value, message }));
  integration.onAction((action) => actions.push(action));
  return { integration, statuses, events, actions };
}

/**
 * Lets the official key hosts lead to a Hallway, as an operator does by DNS and a certificate: the SDK has
 * their names compiled in. Only the way there changes; what it asks and checks is its own.
 */
export function leadKeyHostsTo(url) {
  const { hostname, port } = new URL(url);
  const usual = https.globalAgent.createConnection;
  https.globalAgent.createConnection = function createConnection(options, done) {
    if (!/\.wbx2\.com$/.test(options.host ?? options.hostname ?? '')) return usual.call(this, options, done);
    return net.connect(Number(port), hostname);
  };
}

// A vendor of signage and web apps for many customers, small, as one would write it with nothing but `fetch` and a
// JOSE library: it is told of each customer by a push, configures itself, answers cross-launches, follows updates.
// It believes nothing that is not signed by a key of the platform and meant for its app.

import { once } from 'node:events';
import http from 'node:http';

import { createRemoteJWKSet, jwtVerify } from 'jose';

import { Record } from '../lib/waiting.mjs';

const PAGES = 'https://signs.example';

export class Vendor {
  /** Customers by organization: what the activation code said, and the access token. */
  tenants = new Map();
  /** Every message that came: `{path, action, org, body}`; those that it did not believe have `refused`. */
  messages = new Record();
  /** Replace it to misbehave on a path: `(request, response) => true` when it has answered. */
  mischief = () => false;
  #seen = new Set();

  static async start() {
    const vendor = new Vendor();
    vendor.server = http.createServer((request, response) => vendor.#serve(request, response));
    vendor.server.listen(0, '127.0.0.1');
    await once(vendor.server, 'listening');
    vendor.url = `http://127.0.0.1:${vendor.server.address().port}`;
    return vendor;
  }

  /** Where the platform's keys are, and what it gave the vendor when it uploaded its manifest. */
  join({ jwksUrl, appId, clientId, clientSecret }) {
    Object.assign(this, { keys: createRemoteJWKSet(new URL(jwksUrl)), appId, clientId, clientSecret });
  }

  async stop() {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  async #serve(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    if (this.mischief(request, response)) return;
    const answer = (status, body) => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(body === undefined ? '' : JSON.stringify(body));
    };
    const message = { path: request.url, method: request.method };
    try {
      message.body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      message.claims = await this.#believe(message.body.jwt);
      message.action = message.claims.action;
      message.org = message.claims.sub;
      answer(...await this.#act(message));
    } catch (error) {
      message.refused = error.message;
      answer(422, { message: error.message });
    }
    this.messages.push(message);
  }

  async #believe(jwt) {
    const { payload, protectedHeader } = await jwtVerify(jwt, this.keys, { algorithms: ['ES256'], maxTokenAge: '5m' });
    if (!protectedHeader.kid) throw new Error('no kid');
    if (payload.appId !== this.appId) throw new Error('meant for another app');
    if (!payload.jti || this.#seen.has(payload.jti)) throw new Error('seen before');
    this.#seen.add(payload.jti);
    return payload;
  }

  async #act({ path, action, org, claims, body }) {
    switch (`${path} ${action}`) {
      case '/provision provision':
        await this.#provision(org, claims);
        return [200, { redirectUrl: `${PAGES}/welcome?customer=${org}` }];
      case '/actions updateApproved': {
        const tenant = this.tenants.get(org);
        Object.assign(tenant, { scopes: claims.scopes.split(','), version: claims.manifestVersion });
        // What the organization got by the update is in the claims, and in tokens from now on.
        Object.assign(tenant.claims, { signageUrl: claims.signageUrl, pwaUrl: claims.pwaUrl });
        await this.#token(tenant);
        await this.#configure(tenant);
        return [204];
      }
      case '/actions deprovision':
        this.tenants.delete(org);
        return [204];
      case '/actions healthCheck':
        return [200, { operationalState: 'operational', tokensState: 'valid' }];
      case '/assign crossLaunch':
      case '/manage crossLaunch': {
        if (!this.tenants.has(org)) throw new Error('no customer');
        const devices = body.devices.map(({ deviceId }) => deviceId).join(',');
        return [200, { redirectUrl: `${PAGES}${path}?devices=${encodeURIComponent(devices)}` }];
      }
      default:
        throw new Error(`${action} does not come to ${path}`);
    }
  }

  async #provision(org, claims) {
    const tenant = { org, name: claims.orgName, claims, scopes: claims.scopes.split(','), version: undefined };
    await this.#token(tenant);
    const app = await this.call(tenant, 'PATCH', claims.appUrl, {
      provisioningState: 'completed', actionsUrl: `${this.url}/actions`, customer: { id: org },
    });
    tenant.version = app.body.manifestVersion;
    this.tenants.set(org, tenant);
    await this.#configure(tenant);
  }

  /** Stores what it provides, where it was granted. */
  async #configure(tenant) {
    const crossLaunch = { manageContent: { url: `${this.url}/manage` }, assignContent: { url: `${this.url}/assign` } };
    const { signageUrl, pwaUrl } = tenant.claims;
    if (signageUrl) {
      await this.call(tenant, 'PUT', signageUrl, {
        signageUrl: this.signage ?? `${PAGES}/show?name=$(deviceName)&device=$(deviceId)`, crossLaunch,
      });
    }
    if (pwaUrl) {
      await this.call(tenant, 'PUT', pwaUrl, { pwaUrl: `${PAGES}/panel?nav=$(peripheralSerial)`, crossLaunch });
    }
  }

  async #token(tenant) {
    const response = await fetch(tenant.claims.oauthUrl, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token', client_id: this.clientId, client_secret: this.clientSecret,
        refresh_token: tenant.claims.refreshToken,
      }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`no token: ${JSON.stringify(answer)}`);
    tenant.token = answer.access_token;
  }

  /** Asks the platform for a customer; throws unless it went well. */
  async call(tenant, method, url, body) {
    const answer = await this.ask(tenant, method, url, body);
    if (answer.status >= 300) throw new Error(`${method} ${url}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer;
  }

  async ask(tenant, method, url, body) {
    const response = await fetch(url, {
      method,
      headers: { Authorization: `Bearer ${tenant.token}`, ...(body && { 'Content-Type': 'application/json' }) },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : undefined };
  }
}

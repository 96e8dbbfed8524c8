// A Hallway of the built binary, as a child process, and its command line.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { eventually, within } from './waiting.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

/** The binary under test. */
export const BINARY = path.resolve(process.env.HALLWAY_BIN ?? path.join(here, '../../../target/release/hallway'));

/** A port that was free a moment ago. */
export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs the command line. Never throws: tests look at the exit code. */
export function run(args, { env = {}, input } = {}) {
  // The environment of the developer must not decide what the command line talks to.
  const { HALLWAY_URL, HALLWAY_TOKEN, ...clean } = process.env;
  return new Promise((resolve) => {
    const child = execFile(BINARY, args, { env: { ...clean, ...env }, timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, stdout, stderr });
    });
    child.stdin.on('error', () => {}); // a command that reads nothing may be gone already
    child.stdin.end(input ?? '');
  });
}

export class Hallway {
  #child;
  #folder;
  stderr = '';

  /** Starts `hallway serve` and waits until it answers. */
  static async start({ args = [], speed = 0, ephemeral = true, listen = '127.0.0.1:0', rateLimit = 0 } = {}) {
    const hallway = new Hallway();
    await hallway.#launch(['serve', ...(ephemeral ? ['--ephemeral'] : []), '--demo', '--seed', '1',
      '--speed', String(speed), '--listen', listen, '--allow-http', '--allow-private-targets',
      '--rate-limit', String(rateLimit), ...args]);
    return hallway;
  }

  /** Starts `hallway` with these arguments and `--ready-file`. */
  static async launch(args) {
    const hallway = new Hallway();
    await hallway.#launch(args);
    return hallway;
  }

  async #launch(args) {
    this.#folder = await mkdtemp(path.join(tmpdir(), 'hallway-clients-'));
    this.readyFile = path.join(this.#folder, 'ready.json');
    const { HALLWAY_URL, HALLWAY_TOKEN, ...env } = process.env;
    const child = spawn(BINARY, [...args, '--ready-file', this.readyFile], { env: { ...env, NO_COLOR: '1' } });
    this.#child = child;
    this.stdout = '';
    child.stdout.on('data', (chunk) => { this.stdout += chunk; });
    child.stderr.on('data', (chunk) => { this.stderr += chunk; });
    this.ended = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
    const died = this.ended.then(({ code, signal }) => {
      throw new Error(`hallway ended early (${code ?? signal}): ${this.stderr}`);
    });
    died.catch(() => {}); // after the start, an end is somebody's wish
    const ready = eventually(async () => {
      // The file may be there before all of it is.
      try { return JSON.parse(await readFile(this.readyFile, 'utf8')); } catch { return undefined; }
    }, 'the ready file is written');
    this.ready = await Promise.race([ready, died]);
    this.url = this.ready.url;
    this.token = this.ready.adminToken;
  }

  get pid() {
    return this.#child.pid;
  }

  /** Ends it as Ctrl-C does, and checks that it went well all the time. */
  async stop() {
    this.#child.kill('SIGINT');
    const { code, signal } = await within(this.ended, 'hallway stops after SIGINT');
    await rm(this.#folder, { recursive: true, force: true });
    assert.equal(signal, null, `hallway was ended by ${signal}`);
    assert.equal(code, 0, `hallway ended with ${code}: ${this.stderr}`);
    assert.doesNotMatch(this.stderr, /\b(ERROR|panicked|error:|still running)/, 'hallway had something to complain about');
  }

  /** Ends it without warning. */
  async kill() {
    this.#child.kill('SIGKILL');
    await this.ended;
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Runs the command line against it. */
  cli(args, options = {}) {
    return run(['--ready-file', this.readyFile, ...args], options);
  }

  /** The JSON document of a command that must succeed. */
  async json(...args) {
    const { code, stdout, stderr } = await this.cli(['--json', ...args]);
    assert.equal(code, 0, `hallway ${args.join(' ')}: ${stderr}`);
    return JSON.parse(stdout);
  }

  /** Writes a file beside the ready file. */
  async file(name, content) {
    const file = path.join(this.#folder, name);
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
    return file;
  }

  /** The id of the device with this display name. */
  async deviceId(name) {
    this.devices ??= (await this.json('device', 'list')).items;
    const found = this.devices.find((device) => device.displayName === name);
    assert.ok(found, `no device is named ${name}`);
    return found.id;
  }

  /** Asks the REST API, as the administrator unless another token is given. */
  async api(route, { method = 'GET', body, token = this.token, type = 'application/json' } = {}) {
    const headers = { Authorization: `Bearer ${token}` };
    if (body !== undefined) headers['Content-Type'] = type;
    const target = route.startsWith('http') ? route : `${this.ready.webexapisBaseUrl}${route}`;
    const response = await fetch(target, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
  }
}

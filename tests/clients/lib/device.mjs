// A simulated device in a process of its own: `hallway device run`.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';

import { BINARY } from './hallway.mjs';
import { eventually, within } from './waiting.mjs';

export class DeviceProcess {
  /** Starts it and waits until its local API answers. */
  static async start(args, password = '') {
    const device = new DeviceProcess();
    const { HALLWAY_URL, HALLWAY_TOKEN, ...env } = process.env;
    device.child = spawn(BINARY, ['--json', 'device', 'run', '--listen', '127.0.0.1:0', ...args],
      { env: { ...env, HALLWAY_DEVICE_PASSWORD: password } });
    let stdout = '';
    device.stderr = '';
    device.child.stdout.on('data', (chunk) => { stdout += chunk; });
    device.child.stderr.on('data', (chunk) => { device.stderr += chunk; });
    device.ended = new Promise((resolve) => device.child.once('close', (code) => resolve(code)));
    const said = eventually(() => { try { return JSON.parse(stdout); } catch { return undefined; } }, 'the device says where it is');
    const died = device.ended.then((code) => { throw new Error(`the device ended with ${code}: ${device.stderr}`); });
    died.catch(() => {});
    Object.assign(device, await Promise.race([said, died]));
    return device;
  }

  /** Ends it as Ctrl-C does. */
  async stop() {
    this.child.kill('SIGINT');
    assert.equal(await within(this.ended, 'the device stops'), 0, this.stderr);
  }
}

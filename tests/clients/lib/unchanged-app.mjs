// An integration as its author wrote it: it knows its credentials and its activation code, and nothing of any
// Hallway. What it saw goes to standard output.

import { decodeJwt } from 'jose';
import { connect } from 'workspace-integrations';

const { CLIENT_ID, CLIENT_SECRET, ACTIVATION_CODE, DEVICE } = process.env;
const { oauthUrl, refreshToken, appUrl, webexapisBaseUrl } = decodeJwt(ACTIVATION_CODE);
const integration = await connect({
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  activationCode: { oauthUrl, refreshToken, appUrl, webexapisBaseUrl },
  notifications: 'longpolling',
  logLevel: 'silent',
});
const verified = await integration.decodeJwt(ACTIVATION_CODE);
const devices = await integration.devices.getDevices();
await integration.xapi.command(DEVICE, 'Audio.Volume.Set', { Level: 71 });
const saw = {
  webexapisBaseUrl,
  verified: verified && verified.appId,
  devices: devices.length,
  volume: await integration.xapi.status.get(DEVICE, 'Audio.Volume'),
};
process.stdout.write(JSON.stringify(saw), () => process.exit(0));

// A first integration, with the official Node.js SDK as it is.
// Usage: node index.js UPLOAD.json ACTIVATION.json
const fs = require('fs');
const { connect } = require('workspace-integrations');

const [uploadFile, activationFile] = process.argv.slice(2);
if (!uploadFile || !activationFile) {
  console.error('usage: node index.js UPLOAD.json ACTIVATION.json (what `hallway integration upload` and `activate` printed with --json)');
  process.exit(2);
}
const { clientId, clientSecret } = JSON.parse(fs.readFileSync(uploadFile, 'utf8'));
const { activationCode } = JSON.parse(fs.readFileSync(activationFile, 'utf8'));
// The middle part of the activation code holds what connect() needs.
const code = JSON.parse(Buffer.from(activationCode.split('.')[1], 'base64url').toString());

async function main() {
  const integration = await connect({
    clientId,
    clientSecret,
    activationCode: {
      oauthUrl: code.oauthUrl,
      refreshToken: code.refreshToken,
      webexapisBaseUrl: code.webexapisBaseUrl,
      appUrl: code.appUrl,
    },
    notifications: 'longpolling',
    logLevel: 'warn',
  });
  const devices = await integration.devices.getDevices();
  const names = new Map(devices.map((device) => [device.id, device.displayName]));
  console.log(`Connected: ${devices.length} devices.`);

  const { xapi } = integration;
  xapi.status.on('RoomAnalytics PeopleCount Current', async (deviceId, path, count) => {
    console.log(`${names.get(deviceId)}: ${count} people`);
    if (count > 0) {
      const args = { Text: `Welcome, all ${count} of you`, Duration: 5 };
      await xapi.command(deviceId, 'UserInterface Message Alert Display', args).catch((error) => console.log(error.message));
    }
  });
  xapi.event.on('UserInterface Extensions Panel Clicked', (deviceId, path, event) => {
    console.log(`${names.get(deviceId)}: the button ${event.PanelId} was pressed`);
  });
}

main().catch((error) => {
  console.error('Something went wrong:', error.message);
  process.exit(1);
});

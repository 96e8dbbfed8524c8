// An integration on the official Node.js SDK that counts what it hears: the benchmark's row `sdk` measures what it
// costs. The service at the address in its argument is the benchmark's own.

import { connect } from 'workspace-integrations';

const base = process.argv[2];
const integration = await connect({
  clientId: 'C1',
  clientSecret: 'secret',
  activationCode: {
    oauthUrl: `${base}/v1/access_token`,
    refreshToken: 'refresh',
    appUrl: `${base}/app`,
    webexapisBaseUrl: `${base}/v1`,
  },
  notifications: 'longpolling',
  logLevel: 'error',
});
let heard = 0;
integration.xapi.status.on('RoomAnalytics.PeopleCount.Current', (_device, _path, value) => { heard += Number(value) >= 0 ? 1 : 0; });
process.on('exit', () => { process.exitCode = heard > 0 ? 0 : 1; });
console.log('ready');

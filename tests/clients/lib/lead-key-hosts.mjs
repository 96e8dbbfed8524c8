// Preloaded into the SDK's command line tool: see `leadKeyHostsTo`.

import { leadKeyHostsTo } from './integration.mjs';

leadKeyHostsTo(process.env.HALLWAY_KEYS_AT);

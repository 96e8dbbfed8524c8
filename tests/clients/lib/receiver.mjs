// A web server of an integration: it takes notifications and actions, and checks their signatures itself.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';

import { Record } from './waiting.mjs';

export class Receiver {
  requests = new Record();
  /** What to answer: replace it to refuse deliveries. */
  answer = () => ({ status: 200, body: {} });

  static async start(secret) {
    const receiver = new Receiver();
    receiver.secret = secret;
    receiver.server = http.createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const raw = Buffer.concat(chunks);
      const seen = {
        path: request.url, method: request.method, headers: request.headers, raw,
        body: JSON.parse(raw.toString('utf8')), signed: receiver.#signed(request.headers['x-spark-signature'], raw),
      };
      const { status, body } = await receiver.answer(seen);
      seen.answered = status;
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(body === undefined ? '' : JSON.stringify(body));
      receiver.requests.push(seen);
    });
    receiver.server.listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    receiver.url = `http://127.0.0.1:${receiver.server.address().port}`;
    return receiver;
  }

  /** Whether the signature is that of the bytes as they came. */
  #signed(signature, raw) {
    if (!signature || !this.secret) return false;
    const expected = Buffer.from(createHmac('sha1', this.secret).update(raw).digest('hex'));
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

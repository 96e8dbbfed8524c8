// A web server of an integration: it takes notifications and actions, and checks their signatures itself.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';

import { Record } from './waiting.mjs';

export class Receiver {
  requests = new Record();
  /** What to answer: replace it to refuse deliveries. */
  answer = () => ({ status: 200, body: {} });

  /** Starts one; over TLS, and asking for a client certificate, if it is given `{key, cert}`. */
  static async start(secret, tls) {
    const receiver = new Receiver();
    receiver.secret = secret;
    const answer = async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const raw = Buffer.concat(chunks);
      const seen = {
        path: request.url, method: request.method, headers: request.headers, raw,
        client: tls && request.socket.getPeerCertificate().subject?.CN,
        body: JSON.parse(raw.toString('utf8')), signed: receiver.#signed(request.headers['x-spark-signature'], raw),
      };
      const { status, body } = await receiver.answer(seen);
      seen.answered = status;
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(body === undefined ? '' : JSON.stringify(body));
      receiver.requests.push(seen);
    };
    receiver.server = tls
      ? https.createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, answer)
      : http.createServer(answer);
    receiver.server.listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    receiver.url = `${tls ? 'https' : 'http'}://127.0.0.1:${receiver.server.address().port}`;
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
    const closed = once(this.server, 'close');
    this.server.close(); // first, so that nobody comes again while connections are closed
    this.server.closeAllConnections();
    await closed;
  }
}

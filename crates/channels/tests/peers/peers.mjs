// What other people's code makes of the same facts. One request as JSON on standard input, one answer as JSON on
// standard output.
import XHubSignature from 'x-hub-signature';
import messagingApi from 'messaging-api-messenger';

const { MessengerClient } = messagingApi;

// Bytes cannot be said in JSON: they come as base64.
const given = (argument) => (argument?.base64 ? Buffer.from(argument.base64, 'base64') : argument);

const verbs = {
  // Signatures of bodies given as base64.
  sign({ secret, bodies }) {
    const signer = new XHubSignature('sha256', secret);
    return bodies.map((body) => signer.sign(Buffer.from(body, 'base64')));
  },

  // Whether each [body as base64, signature] is right.
  verify({ secret, signed }) {
    const signer = new XHubSignature('sha256', secret);
    return signed.map(([body, signature]) => signer.verify(signature, Buffer.from(body, 'base64')));
  },

  // Sends with the SDK: one answer per step, the error's words where there is one.
  async client({ origin, token, steps }) {
    const client = new MessengerClient({ accessToken: token, version: '25.0', origin });
    const results = [];
    for (const [method, ...args] of steps) {
      try {
        results.push({ ok: await client[method](...args.map(given)) });
      } catch (error) {
        results.push({ error: error.message });
      }
    }
    return results;
  },
};

let input = '';
for await (const part of process.stdin) input += part;
const { verb, ...request } = JSON.parse(input);
process.stdout.write(JSON.stringify(await verbs[verb](request)));

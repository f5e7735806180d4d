// What other people's code makes of the same facts. One request as JSON on standard input, one answer as JSON on
// standard output.
import { Webhook } from 'standardwebhooks'

const verbs = {
  // Whether the library takes each call { headers, body } as one signed with the secret; the error's words otherwise.
  verify({ secret, calls }) {
    const webhook = new Webhook(secret)
    return calls.map(({ headers, body }) => {
      try {
        webhook.verify(body, headers)
        return true
      } catch (error) {
        return error.message
      }
    })
  },

  // Signs { id, timestamp, body } in seconds.
  sign({ secret, id, timestamp, body }) {
    return new Webhook(secret).sign(id, new Date(timestamp * 1000), body)
  },
}

let input = ''
for await (const part of process.stdin) input += part
const { verb, ...request } = JSON.parse(input)
process.stdout.write(JSON.stringify(verbs[verb](request)))

import { Report } from './AccountPanels.tsx'

export default {
  passed: () => (
    <Report
      report={{
        passed: true,
        steps: [
          { name: 'token', passed: true, detail: 'accepted' },
          { name: 'page', passed: true, detail: 'Norrvik' },
          { name: 'subscribed', passed: true, detail: 'messages, message_deliveries, message_reads' },
        ],
      }}
    />
  ),
  failed: () => (
    <Report
      report={{
        passed: false,
        steps: [{ name: 'token', passed: false, detail: 'Error validating access token: the session has expired.' }],
      }}
    />
  ),
}

import { Report } from './AccountPanels.tsx'

export default {
  passed: () => (
    <Report
      report={{
        passed: true,
        steps: [
          { name: 'token', passed: true, code: 'accepted', detail: '' },
          { name: 'page', passed: true, code: 'found', detail: 'Norrvik' },
          { name: 'subscribed', passed: true, code: 'subscribed', detail: '' },
        ],
      }}
    />
  ),
  failed: () => (
    <Report
      report={{
        passed: false,
        steps: [
          {
            name: 'token',
            passed: false,
            code: 'token_refused',
            detail: 'Error validating access token: the session has expired.',
          },
        ],
      }}
    />
  ),
}

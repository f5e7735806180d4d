import './styles/index.css'
import { RouterProvider } from '@tanstack/react-router'
import { setNonce } from 'get-nonce'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createQueryClient } from './app/client.ts'
import { nonce } from './app/csp.ts'
import { Providers } from './app/Providers.tsx'
import { createDeskRouter } from './app/router.tsx'
import { startI18n } from './i18n/index.ts'

// Before anything draws: modals add a style of their own and need the nonce too.
if (nonce) setNonce(nonce)

const client = createQueryClient(() => signedOut())
const router = createDeskRouter(client)

function signedOut(): void {
  const { pathname, href } = router.state.location
  if (pathname === '/login' || pathname === '/setup' || pathname === '/link') return
  void router.navigate({ to: '/login', search: { next: href } })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

await startI18n()
const root = document.getElementById('root')
if (!root) throw new Error('index.html has lost its root')
createRoot(root).render(
  <StrictMode>
    <Providers client={client}>
      <RouterProvider router={router} />
    </Providers>
  </StrictMode>,
)

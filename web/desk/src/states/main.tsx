/** Draws every state of the components in the real providers. Built by `vite build --mode states`, never part of the product. */
import '../styles/index.css'
import { createRootRoute, createRoute, createRouter, RouterProvider } from '@tanstack/react-router'
import { setNonce } from 'get-nonce'
import type { ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { createQueryClient } from '../app/client.ts'
import { nonce } from '../app/csp.ts'
import { Providers } from '../app/Providers.tsx'
import { startI18n } from '../i18n/index.ts'
import styles from './states.module.css'

type States = Record<string, () => ReactNode>
const files = import.meta.glob<States>('../**/*.states.tsx', { eager: true, import: 'default' })

function All() {
  return (
    <main className={styles.page}>
      <h1>{'States'}</h1>
      {Object.entries(files).map(([path, states]) => {
        const name = path.replace(/^.*\/|\.states\.tsx$/g, '')
        return (
          <section key={path}>
            <h2>{name}</h2>
            <div className={styles.grid}>
              {Object.entries(states).map(([state, draw]) => (
                <figure key={state} data-state-name={`${name} ${state}`}>
                  <figcaption>{state}</figcaption>
                  <div className={styles.box}>{draw()}</div>
                </figure>
              ))}
            </div>
          </section>
        )
      })}
    </main>
  )
}

if (nonce) setNonce(nonce)
const root = createRootRoute()
// Rows and headers link to places of the desk; here every place is this page.
const any = createRoute({ getParentRoute: () => root, path: '$', component: All })
const home = createRoute({ getParentRoute: () => root, path: '/', component: All })
const router = createRouter({ routeTree: root.addChildren([home, any]) })

await startI18n()
const element = document.getElementById('root')
if (!element) throw new Error('states.html has lost its root')
createRoot(element).render(
  <Providers client={createQueryClient(() => {})}>
    <RouterProvider router={router as never} />
  </Providers>,
)

import {
  localStorageColorSchemeManager,
  type MantineColorSchemeManager,
  MantineProvider,
  mergeThemeOverrides,
} from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { type QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { nonce } from './csp.ts'
import styles from './Providers.module.css'
import { resolver, theme } from './theme.ts'

const scheme: MantineColorSchemeManager = localStorageColorSchemeManager({ key: 'onethread.scheme' })

export function Providers({ client, children, test }: { client: QueryClient; children: ReactNode; test?: boolean }) {
  const { t } = useTranslation()
  // Mantine's own small buttons have no name, or an English one.
  const named = useMemo(
    () =>
      mergeThemeOverrides(theme, {
        components: {
          CloseButton: { defaultProps: { 'aria-label': t('app.close') } },
          PasswordInput: { defaultProps: { visibilityToggleButtonProps: { 'aria-label': t('app.show_typed') } } },
        },
      }),
    [t],
  )
  return (
    <QueryClientProvider client={client}>
      <MantineProvider
        theme={named}
        cssVariablesResolver={resolver}
        colorSchemeManager={scheme}
        defaultColorScheme="auto"
        getStyleNonce={() => nonce}
        {...(test ? { env: 'test' as const } : {})}
      >
        {/* Below dialogs (200): what a dialog asks is never covered. */}
        <Notifications position="top-center" autoClose={6000} zIndex={190} classNames={{ root: styles.toasts ?? '' }} />
        {children}
      </MantineProvider>
    </QueryClientProvider>
  )
}

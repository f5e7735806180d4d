import { Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { ProblemError, take } from '@onethread/client'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { keys } from '../api/keys.ts'
import { ProblemNote } from '../parts/Problem.tsx'
import { useValidity } from '../parts/validity.ts'
import { EntryShell } from './EntryShell.tsx'
import styles from './SignInPage.module.css'

export function SignInPage() {
  const { t } = useTranslation()
  const { next } = useSearch({ from: '/login' })
  const client = useQueryClient()
  const router = useRouter()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const signIn = useMutation({
    mutationFn: () => take(api.POST('/api/v1/session', { body: { email, password } })),
    onSuccess: (me) => {
      // What somebody else read here is not for this person.
      client.clear()
      client.setQueryData(keys.me, me)
      router.history.push(next ?? '/threads')
    },
  })
  const validity = useValidity(() => signIn.mutate())
  const problem = signIn.error instanceof ProblemError ? signIn.error : undefined
  const wrong = problem?.problem.status === 401
  const tooMany = problem?.problem.status === 429
  return (
    <EntryShell title={t('login.title')}>
      <form {...validity.form}>
        <Stack gap="lg" mt="xl">
          {wrong || tooMany ? (
            <p className={styles.wrong} role="alert">
              {wrong ? t('login.wrong') : t('login.too_many', { seconds: problem.retryAfter ?? 60 })}
            </p>
          ) : (
            <ProblemNote error={signIn.error} />
          )}
          <TextInput
            name="email"
            label={t('login.email')}
            error={validity.fault('email')}
            type="email"
            autoComplete="username"
            required
            withAsterisk={false}
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <PasswordInput
            name="password"
            label={t('login.password')}
            error={validity.fault('password')}
            autoComplete="current-password"
            required
            withAsterisk={false}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <div>
            <Button type="submit" variant="filled" size="sm" loading={signIn.isPending}>
              {t('login.submit')}
            </Button>
          </div>
        </Stack>
      </form>
      <div className={styles.forgot}>
        <p>{t('login.forgot')}</p>
        <code className="mono">{'onethread user reset-password --data ./data --email …'}</code>
      </div>
    </EntryShell>
  )
}

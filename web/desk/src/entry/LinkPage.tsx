import { Button, PasswordInput, Skeleton, Stack } from '@mantine/core'
import { take } from '@onethread/client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { keys } from '../api/keys.ts'
import { faultOf, ProblemNote } from '../parts/Problem.tsx'
import { useValidity } from '../parts/validity.ts'
import { EntryShell } from './EntryShell.tsx'

/** A link from a colleague or the command line: choose a password, and be in. */
export function LinkPage() {
  const { t } = useTranslation()
  const { code } = useSearch({ from: '/link' })
  if (!code)
    return (
      <EntryShell title={t('link.expired_title')} intro={t('link.missing')}>
        {null}
      </EntryShell>
    )
  return <Choose code={code} />
}

function Choose({ code }: { code: string }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [password, setPassword] = useState('')
  const path = { params: { path: { code } } }
  const link = useQuery({
    queryKey: ['link', code],
    queryFn: () => take(api.GET('/api/v1/links/{code}', path)),
    retry: false,
  })
  const save = useMutation({
    mutationFn: () => take(api.POST('/api/v1/links/{code}', { ...path, body: { password } })),
    onSuccess: (me) => {
      client.clear()
      client.setQueryData(keys.me, me)
      void navigate({ to: '/threads' })
    },
  })
  const validity = useValidity(() => save.mutate())
  if (link.isError) {
    return (
      <EntryShell title={t('link.expired_title')} intro={t('link.expired_body')}>
        {null}
      </EntryShell>
    )
  }
  if (!link.data) {
    return (
      <EntryShell title={' '}>
        <Skeleton h={36} mt="xl" />
      </EntryShell>
    )
  }
  const { purpose, name, email } = link.data
  const fault = faultOf(t, save.error, 'password')
  return (
    <EntryShell
      title={purpose === 'invite' ? t('link.invite_title', { name }) : t('link.reset_title')}
      intro={purpose === 'invite' ? t('link.invite_body', { email }) : t('link.reset_body', { email })}
    >
      <form {...validity.form}>
        <Stack gap="lg" mt="xl">
          {fault ? null : <ProblemNote error={save.error} />}
          <input type="hidden" name="username" autoComplete="username" value={email} readOnly />
          <PasswordInput
            label={t('login.password')}
            description={t('login.password_hint')}
            autoComplete="new-password"
            minLength={10}
            required
            withAsterisk={false}
            value={password}
            name="password"
            error={validity.fault('password') ?? fault}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <div>
            <Button type="submit" variant="filled" size="sm" loading={save.isPending}>
              {t('link.save')}
            </Button>
          </div>
        </Stack>
      </form>
    </EntryShell>
  )
}

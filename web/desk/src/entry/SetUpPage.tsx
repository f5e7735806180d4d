import { Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { ProblemError, take } from '@onethread/client'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api } from '../api/api.ts'
import { keys } from '../api/keys.ts'
import { Empty } from '../parts/Empty.tsx'
import { faultOf, ProblemNote } from '../parts/Problem.tsx'
import { useValidity } from '../parts/validity.ts'
import { EntryShell, Steps } from './EntryShell.tsx'

/** The first run: whoever holds the code of the link becomes the owner. */
export function SetUpPage() {
  const { t } = useTranslation()
  const { code } = useSearch({ from: '/setup' })
  const client = useQueryClient()
  const navigate = useNavigate()
  const state = useQuery({ queryKey: ['setup'], queryFn: () => take(api.GET('/api/v1/setup')), staleTime: 0 })
  const [form, setForm] = useState({ code: code ?? '', workspace_name: '', name: '', email: '', password: '' })
  const begin = useMutation({
    mutationFn: () => take(api.POST('/api/v1/setup', { body: form })),
    onSuccess: (me) => {
      client.setQueryData(keys.me, me)
      void navigate({ to: '/settings/accounts/new' })
    },
  })
  const validity = useValidity(() => begin.mutate())
  const field = (name: keyof typeof form) => ({
    value: form[name],
    name,
    required: true,
    withAsterisk: false,
    error: validity.fault(name) ?? faultOf(t, begin.error, name),
    onChange: (event: React.ChangeEvent<HTMLInputElement>) => setForm({ ...form, [name]: event.currentTarget.value }),
  })
  const steps = [
    { title: t('setup.step_you'), text: t('setup.step_you_text'), state: 'now' as const },
    { title: t('setup.step_connect'), text: t('setup.step_connect_text'), state: 'next' as const },
    { title: t('setup.step_answer'), text: t('setup.step_answer_text'), state: 'next' as const },
  ]
  if (state.data && !state.data.needed && !begin.isSuccess) {
    return (
      <EntryShell title={t('login.title')}>
        <Empty title={t('setup.done')}>
          <Button component={Link} to="/login" variant="filled">
            {t('setup.done_next')}
          </Button>
        </Empty>
      </EntryShell>
    )
  }
  const fielded = begin.error instanceof ProblemError && (begin.error.problem.faults?.length ?? 0) > 0
  return (
    <EntryShell
      title={t('setup.title')}
      intro={t('setup.intro')}
      side={
        <>
          <Steps steps={steps} label={t('connect.steps')} />
          <p className="sm fnt">{t('setup.footer')}</p>
        </>
      }
    >
      <form {...validity.form}>
        <Stack gap="lg" mt="xl">
          {begin.error && !fielded ? <ProblemNote error={begin.error} /> : null}
          {code ? null : (
            <TextInput
              label={t('setup.code')}
              description={t('setup.code_hint')}
              autoComplete="off"
              {...field('code')}
            />
          )}
          <TextInput
            label={t('setup.business')}
            placeholder={t('setup.business_example')}
            autoComplete="organization"
            data-autofocus
            {...field('workspace_name')}
          />
          <TextInput label={t('login.name')} autoComplete="name" {...field('name')} />
          <TextInput label={t('login.email')} type="email" autoComplete="username" {...field('email')} />
          <PasswordInput
            label={t('login.password')}
            description={t('login.password_hint')}
            autoComplete="new-password"
            minLength={10}
            {...field('password')}
          />
          <div>
            <Button type="submit" variant="filled" size="sm" loading={begin.isPending}>
              {t('setup.submit')}
            </Button>
          </div>
        </Stack>
      </form>
    </EntryShell>
  )
}

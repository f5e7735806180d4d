import { Button, Collapse, PasswordInput, TextInput } from '@mantine/core'
import { type ChangeEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../parts/Glyphs.tsx'
import { faultOf, fieldText } from '../parts/Problem.tsx'

export type AccountForm = {
  name: string
  page_id: string
  api_base: string
  page_access_token: string
  app_secret: string
  verify_token: string
}

const SETTINGS = ['page_id', 'api_base'] as const
const SECRETS = ['page_access_token', 'app_secret', 'verify_token'] as const

export const emptyForm: AccountForm = {
  name: '',
  page_id: '',
  api_base: '',
  page_access_token: '',
  app_secret: '',
  verify_token: '',
}

/** Only what was filled in: an empty secret keeps the stored one, an empty address means the provider's own. */
export function filled(form: AccountForm) {
  const pick = <K extends keyof AccountForm>(names: readonly K[]) =>
    Object.fromEntries(names.map((name) => [name, form[name].trim()]).filter(([, value]) => value !== '')) as Record<
      string,
      string
    >
  return { settings: pick(SETTINGS), secrets: pick(SECRETS) }
}

/** The fields that cannot be right, so that they need not be sent. An empty secret keeps the stored one while editing. */
export function wrongFields(form: AccountForm, editing: boolean): Set<keyof AccountForm> {
  const { settings, secrets } = filled(form)
  const wrong = new Set<keyof AccountForm>()
  if (form.name.trim() === '') wrong.add('name')
  if (!/^[0-9]{1,32}$/.test(settings.page_id ?? '')) wrong.add('page_id')
  // Printable ASCII in one piece, as it goes into a header.
  const token = secrets.page_access_token
  if (token ? !/^[!-~]+$/.test(token) : !editing) wrong.add('page_access_token')
  if (!secrets.app_secret && !editing) wrong.add('app_secret')
  return wrong
}

/** The fields of a Facebook Page, for connecting and for editing one. */
export function AccountFields({
  form,
  onChange,
  error,
  wrong,
  editing,
}: {
  form: AccountForm
  onChange: (form: AccountForm) => void
  error: unknown
  /** Fields that this desk found wrong when the form was to be sent. */
  wrong: ReadonlySet<string>
  editing: boolean
}) {
  const { t } = useTranslation()
  const [advanced, setAdvanced] = useState(form.api_base !== '')
  const field = (name: keyof AccountForm) => ({
    name,
    value: form[name],
    autoComplete: 'off',
    error: wrong.has(name) ? fieldText(t, name) : faultOf(t, error, name),
    onChange: (event: ChangeEvent<HTMLInputElement>) => onChange({ ...form, [name]: event.currentTarget.value }),
  })
  const secret = (name: keyof AccountForm) => ({
    ...field(name),
    // The browser is not to offer a sign-in password here.
    autoComplete: 'new-password',
    ...(editing ? { placeholder: t('account.keep_secret') } : {}),
  })
  return (
    <>
      <TextInput
        label={t('connect.account_name')}
        description={t('connect.account_name_hint')}
        required
        withAsterisk={false}
        {...field('name')}
      />
      <TextInput
        label={t('connect.page_id')}
        description={t('connect.page_id_hint')}
        inputMode="numeric"
        required
        withAsterisk={false}
        {...field('page_id')}
      />
      <PasswordInput
        label={t('connect.page_access_token')}
        description={t('connect.page_access_token_hint')}
        required={!editing}
        withAsterisk={false}
        {...secret('page_access_token')}
      />
      <PasswordInput
        label={t('connect.app_secret')}
        description={t('connect.app_secret_hint')}
        required={!editing}
        withAsterisk={false}
        {...secret('app_secret')}
      />
      <TextInput
        label={t('connect.verify_token')}
        description={t('connect.verify_token_hint')}
        {...secret('verify_token')}
      />
      <div>
        <Button
          variant="subtle"
          color="gray"
          px={0}
          aria-expanded={advanced}
          onClick={() => setAdvanced(!advanced)}
          leftSection={<Icon name={advanced ? 'down' : 'right'} size="s" />}
        >
          {t('connect.advanced')}
        </Button>
        <Collapse expanded={advanced}>
          <TextInput
            label={t('connect.api_base')}
            description={t('connect.api_base_hint')}
            placeholder="https://graph.facebook.com"
            inputMode="url"
            {...field('api_base')}
          />
        </Collapse>
      </div>
    </>
  )
}

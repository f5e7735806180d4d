import { Button, Collapse, PasswordInput, Switch, TextInput } from '@mantine/core'
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
  persona_picture_url: string
  show_seen: boolean
  human_agent_tag: boolean
}
/** The fields that are written. */
type TextField = { [K in keyof AccountForm]: AccountForm[K] extends string ? K : never }[keyof AccountForm]

const SETTINGS = ['page_id', 'api_base', 'persona_picture_url'] as const
const SECRETS = ['page_access_token', 'app_secret', 'verify_token'] as const

export const emptyForm: AccountForm = {
  name: '',
  page_id: '',
  api_base: '',
  page_access_token: '',
  app_secret: '',
  verify_token: '',
  persona_picture_url: '',
  show_seen: true,
  human_agent_tag: false,
}

/** What an account is set to, for editing; its secrets are told to nobody. */
export function formOf(name: string, settings: Record<string, unknown>): AccountForm {
  const text = (of: string) => (typeof settings[of] === 'string' ? settings[of] : '')
  return {
    ...emptyForm,
    name,
    page_id: text('page_id'),
    api_base: text('api_base'),
    persona_picture_url: text('persona_picture_url'),
    show_seen: settings.show_seen !== false,
    human_agent_tag: settings.human_agent_tag === true,
  }
}

/** What is to be kept: while editing, an empty secret keeps the stored one, and an empty setting goes back to what is usual. */
export function filled(form: AccountForm, editing: boolean) {
  const written = SETTINGS.map((name) => [name, form[name].trim() || null] as const)
  const texts = written.filter(([, value]) => editing || value !== null)
  const { show_seen, human_agent_tag } = form
  const secrets = SECRETS.map((name) => [name, form[name].trim()] as const).filter(([, value]) => value !== '')
  return {
    settings: { ...(Object.fromEntries(texts) as Record<string, string | null>), show_seen, human_agent_tag },
    secrets: Object.fromEntries(secrets) as Record<string, string>,
  }
}

/** The fields that cannot be right, so that they need not be sent. An empty secret keeps the stored one while editing. */
export function wrongFields(form: AccountForm, editing: boolean): Set<keyof AccountForm> {
  const { secrets } = filled(form, editing)
  const wrong = new Set<keyof AccountForm>()
  if (form.name.trim() === '') wrong.add('name')
  if (!/^[0-9]{1,32}$/.test(form.page_id.trim())) wrong.add('page_id')
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
  const field = (name: TextField) => ({
    name,
    value: form[name],
    autoComplete: 'off',
    error: wrong.has(name) ? fieldText(t, name) : faultOf(t, error, name),
    onChange: (event: ChangeEvent<HTMLInputElement>) => onChange({ ...form, [name]: event.currentTarget.value }),
  })
  const secret = (name: TextField) => ({
    ...field(name),
    // The browser is not to offer a sign-in password here.
    autoComplete: 'new-password',
    ...(editing ? { placeholder: t('account.keep_secret') } : {}),
  })
  const flag = (name: 'show_seen' | 'human_agent_tag') => ({
    name,
    checked: form[name],
    onChange: (event: ChangeEvent<HTMLInputElement>) => onChange({ ...form, [name]: event.currentTarget.checked }),
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
      <TextInput
        label={t('connect.persona')}
        description={t('connect.persona_hint')}
        inputMode="url"
        {...field('persona_picture_url')}
      />
      <Switch label={t('connect.show_seen')} description={t('connect.show_seen_hint')} {...flag('show_seen')} />
      <Switch
        label={t('connect.human_agent')}
        description={t('connect.human_agent_hint')}
        {...flag('human_agent_tag')}
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

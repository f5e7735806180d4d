import { Button } from '@mantine/core'
import { Link, useRouter } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Empty } from '../parts/Empty.tsx'
import { ProblemRegion } from '../parts/Problem.tsx'

export function NotFound() {
  const { t } = useTranslation()
  return (
    <main id="main">
      <Empty page title={t('app.not_found_title')} body={t('app.not_found_body')}>
        <Button component={Link} to="/threads">
          {t('app.to_threads')}
        </Button>
      </Empty>
    </main>
  )
}

/** A screen that could not be drawn or read; the way on is to try again in place. */
export function Failed({ error, reset }: { error: unknown; reset: () => void }) {
  const { t } = useTranslation()
  const router = useRouter()
  return (
    <main id="main">
      <ProblemRegion
        title={t('thread.error_title')}
        error={error}
        onAgain={() => {
          reset()
          void router.invalidate()
        }}
      />
    </main>
  )
}

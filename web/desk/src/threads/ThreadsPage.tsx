import { Outlet, useParams } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { Empty } from '../parts/Empty.tsx'
import { ThreadList } from './ThreadList.tsx'
import styles from './ThreadsPage.module.css'

/** List and thread side by side; on a narrow screen one of them. */
export function ThreadsPage() {
  const { threadId } = useParams({ strict: false })
  return (
    <div className={styles.page} data-open={threadId ? '' : undefined}>
      <ThreadList current={threadId} />
      <Outlet />
    </div>
  )
}

export function NoThread() {
  const { t } = useTranslation()
  return (
    <main className={styles.none} id="main" tabIndex={-1}>
      <Empty title={t('thread.none_title')} body={t('thread.none_body')} />
    </main>
  )
}

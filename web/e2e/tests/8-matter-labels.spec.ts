import { beOwner, connect, expect, row, test } from '../support/fixtures.ts'
import { accessible, picture } from '../support/look.ts'

test('a matter is labelled by keyboard, and a renamed label is renamed there', async ({
  page,
  server,
  graph,
}, info) => {
  await beOwner(page, server)
  await connect(page, server, graph, 'Labels of matters')
  const define = async (name: string, colour: string): Promise<string> => {
    const answer = await page.request.post('/api/v1/labels', {
      data: { name, colour },
      headers: { origin: server.address },
    })
    expect(answer.status(), await answer.text()).toBe(201)
    return ((await answer.json()) as { id: string }).id
  }
  const refund = await define('Zq refund', 'plum')
  await define('Zq urgent', 'amber')
  const person = graph.person()
  await person.writes('Money back for the zqlabel tent, please')
  await page.goto('/threads')
  await row(page, 'zqlabel').click()
  const matter = page.getByRole('region', { name: 'The matter at hand' })
  await expect(matter).toBeVisible()
  await page.keyboard.press('l')
  const sheet = page.getByRole('dialog', { name: 'Labels' })
  const choice = (name: string) => sheet.getByRole('button', { name })
  await expect(choice('Zq refund')).toHaveAttribute('aria-pressed', 'false')
  await choice('Zq refund').press('Enter')
  await expect(choice('Zq refund')).toHaveAttribute('aria-pressed', 'true')
  await choice('Zq urgent').press('Enter')
  await expect(matter.getByRole('list', { name: 'Labels' }).getByRole('listitem')).toHaveText([
    'Zq refund',
    'Zq urgent',
  ])
  await accessible(page, 'labels of a matter')
  await picture(page, info, 'matter-labels')
  await choice('Zq urgent').press('Enter')
  await expect(choice('Zq urgent')).toHaveAttribute('aria-pressed', 'false')
  await page.keyboard.press('Escape')
  await expect(sheet).toHaveCount(0)
  await expect(matter.getByRole('listitem')).toHaveText(['Zq refund'])

  // What a colleague renames is renamed here, without looking again.
  const renamed = await page.request.patch(`/api/v1/labels/${refund}`, {
    data: { name: 'Zq money back' },
    headers: { origin: server.address },
  })
  expect(renamed.status()).toBe(200)
  await expect(matter.getByRole('listitem')).toHaveText(['Zq money back'])
  await page.reload()
  await expect(matter.getByRole('listitem')).toHaveText(['Zq money back'])
})

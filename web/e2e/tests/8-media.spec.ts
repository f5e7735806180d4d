import { beOwner, connect, expect, log, row, test } from '../support/fixtures.ts'
import { accessible, picture } from '../support/look.ts'

/** A PNG of 60 by 40 pixels, drawn by the browser. */
const DRAW = async () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 60, height: 40 })
  const brush = canvas.getContext('2d')
  if (brush) {
    brush.fillStyle = '#0b6e63'
    brush.fillRect(0, 0, 60, 40)
  }
  return canvas.toDataURL('image/png').split(',')[1] ?? ''
}

test('a picture comes in without a jump, opens large, and one goes out by paste', async ({
  page,
  server,
  graph,
}, info) => {
  await beOwner(page, server)
  await connect(page, server, graph, 'Pictures')
  await page.goto('/threads')
  const drawn = await page.evaluate(DRAW)
  const person = graph.person()
  await person.writes('Look at this lamp')
  await row(page, 'Look at this lamp').first().click()
  await expect(log(page).getByText('Look at this lamp')).toBeVisible()
  // Opening a thread tells its customer that it was seen.
  await expect.poll(() => graph.actions).toContain('mark_seen')

  const goOn = graph.hold()
  await person.sendsImage(graph.host(Buffer.from(drawn, 'base64')))
  const waiting = log(page).getByText('It is being fetched')
  await expect(waiting).toBeVisible()
  const before = (await log(page).locator('article').last().boundingBox())?.height
  goOn()
  const shown = log(page).getByRole('button', { name: /Enlarge/ })
  await expect(shown).toBeVisible()
  await expect(shown.locator('img')).toHaveJSProperty('naturalWidth', 60)
  expect((await log(page).locator('article').last().boundingBox())?.height).toBe(before)
  await accessible(page, 'media, wide')
  await picture(page, info, 'media-wide')

  // By keyboard: open, save, close, back where one was.
  await shown.focus()
  await page.keyboard.press('Enter')
  const large = page.getByRole('dialog')
  await expect(large.getByRole('img', { name: 'image.png' })).toBeVisible()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    large.getByRole('link', { name: 'Save' }).click(),
  ])
  expect(download.suggestedFilename()).toBe('image.png')
  await page.keyboard.press('Escape')
  await expect(large).toBeHidden()
  await expect(shown).toBeFocused()

  // Gone at the provider: said, with the reason.
  await person.sendsImage(`${graph.base}/cdn/gone?oh=1`)
  await expect(log(page).getByText('the channel does not keep it any more')).toBeVisible()

  // A text and a pasted picture are one act and two messages.
  const field = page.getByRole('textbox').first()
  await field.fill('And this one?')
  await expect.poll(() => graph.actions).toContain('typing_on')
  await field.evaluate((target, base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
    const clipboard = new DataTransfer()
    clipboard.items.add(new File([bytes], 'pasted.png', { type: 'image/png' }))
    target.dispatchEvent(new ClipboardEvent('paste', { clipboardData: clipboard, bubbles: true, cancelable: true }))
  }, drawn)
  await expect(page.getByRole('form').getByText('pasted.png')).toBeVisible()
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  await expect.poll(() => graph.sent.length).toBe(2)
  expect(graph.uploads).toHaveLength(1)
  expect(graph.uploads[0]?.form).toContain('filename="pasted.png"')
  const [words, sent] = graph.sent
  expect(words?.text).toBe('And this one?')
  expect(sent?.body.message).toMatchObject({
    attachment: { type: 'image', payload: { attachment_id: graph.uploads[0]?.id } },
  })
  await expect(log(page).getByRole('button', { name: 'Enlarge pasted.png' })).toHaveCount(1)
  await expect(log(page).getByText('And this one?')).toHaveCount(1)

  await page.setViewportSize({ width: 390, height: 844 })
  await expect(log(page).getByRole('button', { name: 'Enlarge pasted.png' })).toBeVisible()
  await accessible(page, 'media, phone')
  await picture(page, info, 'media-phone')
})

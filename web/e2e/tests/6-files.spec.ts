import { beOwner, expect, test } from '../support/fixtures.ts'

type Uploaded = { id: string; url: string; media_type: string; width?: number; height?: number }

test('a file goes up from the desk, a picture is shown there, and what could be run is only saved', async ({
  page,
  server,
}) => {
  await beOwner(page, server)
  await page.goto('/threads')
  await expect(page.getByRole('main')).toBeVisible()

  /** Sends a picture or a text from inside the page, as the desk does: the cookie and the origin come from the browser. */
  const upload = (name: string, type: string, text?: string) =>
    page.evaluate(
      async (sent) => {
        const canvas = Object.assign(document.createElement('canvas'), { width: 30, height: 20 })
        const drawn = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'))
        const body = sent.text === undefined ? drawn : sent.text
        return new Promise<{ status: number; text: string; parts: number[] }>((done) => {
          const request = new XMLHttpRequest()
          const parts: number[] = []
          request.upload.addEventListener('progress', ({ loaded, total }) => parts.push(loaded / total))
          request.addEventListener('load', () => done({ status: request.status, text: request.responseText, parts }))
          request.open('POST', `/api/v1/files?name=${encodeURIComponent(sent.name)}`)
          request.setRequestHeader('content-type', sent.type)
          request.send(body)
        })
      },
      { name, type, text },
    )

  const sent = await upload('Žalias lapas.png', 'image/png')
  expect(sent.status, sent.text).toBe(201)
  expect(sent.parts.at(-1)).toBe(1)
  const picture = JSON.parse(sent.text) as Uploaded
  expect(picture).toMatchObject({ name: 'Žalias lapas.png', media_type: 'image/png', width: 30, height: 20 })

  // The desk's content policy takes it; the fixture fails on any complaint.
  const width = await page.evaluate(async (url) => {
    const image = Object.assign(new Image(), { src: url })
    await image.decode()
    return image.naturalWidth
  }, picture.url)
  expect(width).toBe(30)

  const disguised = await upload('harmless.png', 'image/png', '<!doctype html><script>window.top.ran = true</script>')
  const hostile = JSON.parse(disguised.text) as Uploaded
  expect(hostile.media_type).toBe('text/html')
  // Opened in a tab of its own it is a download, and nothing of it runs at our address.
  const tab = await page.context().newPage()
  const [download] = await Promise.all([tab.waitForEvent('download'), tab.goto(hostile.url).catch(() => {})])
  expect(download.suggestedFilename()).toBe('harmless.png')
  expect(tab.url()).not.toContain('/files/')
  await tab.close()
})

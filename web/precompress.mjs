// Writes x.br and x.gz beside each text file of a build, so that the server never compresses. index.html stays as it
// is: the server puts a fresh nonce into it.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const folder = process.argv[2]
if (!folder) throw new Error('usage: node precompress.mjs FOLDER')
const kinds = new Set(['.js', '.css', '.svg', '.json'])
let raw = 0
let packed = 0
for (const name of readdirSync(folder, { recursive: true })) {
  const path = join(folder, String(name))
  if (!statSync(path).isFile() || !kinds.has(extname(path))) continue
  const bytes = readFileSync(path)
  rmSync(`${path}.br`, { force: true })
  rmSync(`${path}.gz`, { force: true })
  if (bytes.length <= 1024) continue
  const br = brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  })
  writeFileSync(`${path}.br`, br)
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }))
  raw += bytes.length
  packed += br.length
}
console.log(`precompressed ${folder}: ${Math.round(raw / 1024)} kB to ${Math.round(packed / 1024)} kB`)

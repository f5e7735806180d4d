import { resolve } from 'node:path'
import react from '@vitejs/plugin-react'
import mantine from 'postcss-preset-mantine'
import { defineConfig } from 'vite'

/** `--mode states` builds the page of component states instead, outside the product. */
export default defineConfig(({ mode }) => ({
  plugins: [react()],
  // The server replaces the word by fresh random bytes in each answer.
  html: { cspNonce: '__CSP_NONCE__' },
  css: {
    // Rewriting light-dark() would break the tokens on :root.
    postcss: { plugins: [mantine({ features: { lightDarkFunction: false } })] },
  },
  build: {
    // These versions know light-dark() themselves; with older ones the minifier takes it apart and a nested theme stops working.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    // The content policy wants files: nothing is put into the page as data.
    assetsInlineLimit: 0,
    outDir: mode === 'states' ? 'dist-states' : 'dist',
    rolldownOptions: {
      input: resolve(import.meta.dirname, mode === 'states' ? 'states.html' : 'index.html'),
      output: {
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/, priority: 3 },
            { name: 'mantine', test: /node_modules[\\/]@mantine[\\/]/, priority: 2 },
            { name: 'tanstack', test: /node_modules[\\/]@tanstack[\\/]/, priority: 1 },
          ],
        },
      },
    },
  },
  server: { proxy: { '/api': { target: process.env.ONETHREAD_SERVER ?? 'http://127.0.0.1:8080', ws: true } } },
}))

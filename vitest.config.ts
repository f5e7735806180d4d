import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        extends: './web/desk/vite.config.ts',
        root: './web/desk',
        test: {
          name: 'desk',
          environment: 'happy-dom',
          setupFiles: ['./tests/setup.ts'],
          include: ['tests/**/*.test.{ts,tsx}'],
        },
      },
      { root: './web/client', test: { name: 'client', environment: 'node', include: ['tests/**/*.test.ts'] } },
    ],
  },
})

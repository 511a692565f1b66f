import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

// `npm run dev` serves the page itself and hands everything the service answers to a running one.
const service = process.env.STUDIO_URL ?? 'http://127.0.0.1:8000'

export default defineConfig({
  plugins: [react()],
  server: {
    proxy: {
      '/ws': { target: service, ws: true },
      '/generate': service,
      '/jobs': service,
      '/designs': service,
      '/shared': service,
      '/molecules': service,
      '/model': service,
      '/healthz': service,
      '/readyz': service,
    },
  },
  build: {
    target: 'es2022',
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        // The viewer changes far less often than the page: apart, it stays in the browser's cache.
        codeSplitting: { groups: [{ name: 'viewer', test: /node_modules[\\/]3dmol/ }] },
      },
    },
  },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
})

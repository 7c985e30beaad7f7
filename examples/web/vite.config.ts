import { defineConfig } from 'vite';

// The page and the API have one origin, as behind any reverse proxy: no CORS.
const proxy = { '/graphql': { target: process.env['DIALOGS_URL'] ?? 'http://127.0.0.1:8080', ws: true } };

export default defineConfig({
  server: { host: '127.0.0.1', proxy },
  preview: { host: '127.0.0.1', proxy },
});

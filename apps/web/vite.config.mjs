import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  // The service may be reached under a path of a proxy.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // The first versions that know light-dark(), which is then left as it is written.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
  },
});

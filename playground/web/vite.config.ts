import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { recipesOf } from './src/recipes.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** The page's examples are the README's own text, so that they can't differ from it. */
function recipes(): Plugin {
  return {
    name: 'recipes',
    resolveId: (id) => (id === 'virtual:recipes' ? id : undefined),
    load(id) {
      if (id !== 'virtual:recipes') {
        return undefined;
      }
      const found = recipesOf(readFileSync(path('../../README.md'), 'utf8'));
      if (found.length < 9) {
        this.error(`README.md has ${found.length} operations with headers, and must have one to set up and eight recipes`);
      }
      return `export default ${JSON.stringify(found)}`;
    },
  };
}

export default defineConfig({
  base: '/playground/',
  plugins: [recipes()],
  worker: { format: 'es' },
  build: {
    outDir: path('../dist/page'),
    emptyOutDir: true,
    target: 'es2022',
    license: true, // what is redistributed goes with its terms
    chunkSizeWarningLimit: 4096, // kB; the editor is that large
    rolldownOptions: {
      onLog(level, log, report) {
        // "use client" speaks to servers that render React, which there are none of here.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') {
          report(level, log);
        }
      },
    },
  },
});

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
        this.error(`README.md has ${found.length} operations with headers, want one that sets up and eight recipes`);
      }
      return `export default ${JSON.stringify(found)}`;
    },
  };
}

/** Gives GraphiQL our tabs. */
function tabs(): Plugin {
  return {
    name: 'tabs',
    enforce: 'pre',
    resolveId: (id, importer) =>
      id === '@graphiql/react' && importer?.endsWith('/graphiql/dist/GraphiQL.js') ? path('src/graphiqlReact.ts') : undefined,
  };
}

export default defineConfig({
  base: '/playground/',
  plugins: [recipes(), tabs()],
  worker: { format: 'es' },
  build: {
    outDir: path('../dist/page'),
    emptyOutDir: true,
    target: 'es2022',
    license: true, // what is redistributed goes with its terms
    chunkSizeWarningLimit: 4096, // kB; the editor is that large
    rolldownOptions: {
      onLog(level, log, report) {
        // "use client" is for servers that render React; there is none here.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') {
          report(level, log);
        }
      },
    },
  },
});

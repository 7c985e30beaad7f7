import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: '../schema.graphqls',
  documents: ['src/**/*.ts', '!src/relay/**'],
  generates: {
    'src/gql/': {
      preset: 'client',
      // persisted-documents.json is what --trusted-documents takes.
      presetConfig: { fragmentMasking: false, persistedDocuments: { hashAlgorithm: 'sha256' } },
      config: {
        // Every scalar that is not GraphQL's own must be named here.
        strictScalars: true,
        scalars: { DateTime: 'string', JSONObject: 'Record<string, unknown>' },
        enumsAsTypes: true,
        useTypeImports: true,
      },
    },
  },
  emitLegacyCommonJSImports: false,
  importExtension: '.js',
  silent: true,
};

export default config;

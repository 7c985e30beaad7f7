// What graphiql imports in the place of @graphiql/react: vite.config.ts.
export * from '@graphiql/react';
export { Tab } from './tab';

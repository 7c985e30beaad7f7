import { useGraphiQL } from '@graphiql/react';
import { GraphiQL } from 'graphiql';
import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import { useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import recipes from 'virtual:recipes';
import { fetcherOf } from './fetcher';
import { headerText, type Credentials } from './headers';
import './page.css';
import { safeStorage } from './storage';

type Settings = { endpoint: string; credentials?: Credentials };

const response = await fetch(`${import.meta.env.BASE_URL}settings.json`);
const { endpoint, credentials = {} } = (await response.json()) as Settings;

const tabs = recipes.map(({ title, headers, operation }) => ({
  query: `# ${title}\n\n${operation}\n`,
  headers: headerText(headers, credentials),
}));
const newTab = headerText('QB-Token: $TOKEN', credentials);
const storage = safeStorage((query) => tabs.find((tab) => tab.query === query)?.headers ?? newTab);

/** Wraps the long lines of operations, which the toolbar would hide. */
function LongLines() {
  const editor = useGraphiQL((state) => state.queryEditor);
  useEffect(() => editor?.updateOptions({ wordWrap: 'on' }), [editor]);
  return null;
}

createRoot(document.getElementById('page')!).render(
  <GraphiQL
    fetcher={fetcherOf(endpoint)}
    storage={storage}
    shouldPersistHeaders={false}
    defaultTabs={tabs}
    // The first tab's own headers are not looked at: these are its.
    initialHeaders={tabs[0]!.headers}
    defaultHeaders={newTab}
    defaultEditorToolsVisibility="headers"
    inputValueDeprecation
    schemaDescription
  >
    <GraphiQL.Logo>Dialogs</GraphiQL.Logo>
    <LongLines />
  </GraphiQL>,
);

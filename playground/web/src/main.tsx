import { useGraphiQL } from '@graphiql/react';
import { GraphiQL } from 'graphiql';
import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import { useEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import recipes from 'virtual:recipes';
import { fetcherOf } from './fetcher';
import { headerText, type Credentials } from './headers';
import './page.css';
import { safeStorage } from './storage';
import { TitlesContext } from './tab';
import { forThisVisit, isSameRecipe } from './visit';

type Settings = { endpoint: string; development?: boolean; credentials?: Credentials };

const response = await fetch(`${import.meta.env.BASE_URL}settings.json`);
const { endpoint, development = false, credentials } = (await response.json()) as Settings;

const tabs = forThisVisit(recipes).map(({ title, headers, operation }) => ({
  title,
  query: `${operation}\n`,
  headers: headerText(headers, credentials ?? {}),
}));
const newTab = headerText('QB-Token: $TOKEN', credentials ?? {});
const storage = safeStorage((query) => tabs.find((tab) => isSameRecipe(tab.query, query))?.headers ?? newTab);

/** Wraps the long lines of operations, which the toolbar would hide, and of answers. */
function LongLines() {
  const editor = useGraphiQL((state) => state.queryEditor);
  const response = useGraphiQL((state) => state.responseEditor);
  useEffect(() => editor?.updateOptions({ wordWrap: 'on' }), [editor]);
  useEffect(() => response?.updateOptions({ wordWrap: 'on' }), [response]);
  return null;
}

function Page() {
  const [refusal, setRefusal] = useState('');
  const fetcher = useMemo(() => fetcherOf(endpoint, setRefusal), []);
  return (
    <TitlesContext value={tabs}>
      {development && !credentials && (
        <p className="notice">
          To have an API key and a session token filled in, open the link that <code>make run</code> (
          <code>dialogs serve --dev</code>) printed in its terminal.
        </p>
      )}
      {refusal && (
        <p className="notice">
          There is no documentation and no completion here, because the server does not show its schema: {refusal}.
        </p>
      )}
      <GraphiQL
        fetcher={fetcher}
        storage={storage}
        shouldPersistHeaders={false}
        defaultTabs={tabs}
        // GraphiQL ignores the headers of the first tab, and takes these.
        initialHeaders={tabs[0]!.headers}
        defaultHeaders={newTab}
        defaultEditorToolsVisibility="headers"
        inputValueDeprecation
        schemaDescription
      >
        <GraphiQL.Logo>Dialogs</GraphiQL.Logo>
        <LongLines />
      </GraphiQL>
    </TitlesContext>
  );
}

createRoot(document.getElementById('page')!).render(<Page />);

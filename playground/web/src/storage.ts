import type { Storage } from '@graphiql/toolkit';

/** What the page looks like: kept unchanged. */
const looks = new Set(['theme', 'visiblePlugin', 'docExplorerFlex', 'editorFlex', 'secondaryEditorFlex']);
/** Lists of operations: kept without their headers. */
const lists = new Set(['queries', 'favorites']);

type Operation = { query?: string; headers?: string };

/**
 * The part of GraphiQL's memory that outlives the page. Headers hold
 * credentials, and every script of this origin can read the browser's storage:
 * headers are never kept. Tabs are not kept either, because they would come back
 * without headers: a page that is loaded starts with the examples, and what was
 * run is in the history, where headersOf gives each operation its headers.
 */
export function safeStorage(headersOf: (query: string) => string, behind: globalThis.Storage = localStorage): Storage {
  return {
    get length() {
      return behind.length;
    },
    getItem(key) {
      const value = behind.getItem(key);
      return value && lists.has(nameOf(key))
        ? rewritten(value, (operation) => ({ ...operation, headers: headersOf(operation.query ?? '') }))
        : value;
    },
    setItem(key, value) {
      const name = nameOf(key);
      if (lists.has(name)) {
        behind.setItem(key, rewritten(value, ({ headers: _, ...rest }) => rest));
      } else if (looks.has(name)) {
        behind.setItem(key, value);
      }
    },
    removeItem(key) {
      behind.removeItem(key);
    },
    clear() {
      behind.clear();
    },
  };
}

/** GraphiQL puts its own name before each key. */
function nameOf(key: string): string {
  return key.replace(/^graphiql:/, '');
}

/** Changes each operation of a stored list, which is {"queries": [...]}. */
function rewritten(list: string, change: (operation: Operation) => Operation): string {
  const parsed = JSON.parse(list) as Record<string, Operation[]>;
  return JSON.stringify(Object.fromEntries(Object.entries(parsed).map(([name, operations]) => [name, operations.map(change)])));
}

import { Tab as GraphiQLTab } from '@graphiql/react';
import { type ComponentProps, createContext, forwardRef, useContext, useState } from 'react';
import { credentialIn } from './headers';

type State = { query: string | null; headers: string | null };

/** The tabs that the page starts with, and their titles. */
export const TitlesContext = createContext<{ title: string; query: string; headers: string }[]>([]);

const LabelContext = createContext<{ title: string | undefined; credential: string }>({ title: undefined, credential: '' });

/**
 * GraphiQL's tab, except that it says which recipe it has and which credential
 * it uses. It keeps the recipe's title when it is edited or moved.
 */
const Root = forwardRef<HTMLLIElement, ComponentProps<typeof GraphiQLTab>>((props, ref) => {
  const { query, headers } = props.value as State;
  const titles = useContext(TitlesContext);
  const [title] = useState(() => {
    const same = titles.filter((tab) => tab.query === query);
    return (same.find((tab) => tab.headers === headers) ?? same[0])?.title;
  });
  return (
    <LabelContext value={{ title, credential: credentialIn(headers ?? '') }}>
      <GraphiQLTab {...props} ref={ref} />
    </LabelContext>
  );
});

const Button = forwardRef<HTMLButtonElement, ComponentProps<typeof GraphiQLTab.Button>>((props, ref) => {
  const { title = props.title, credential } = useContext(LabelContext);
  return (
    <GraphiQLTab.Button {...props} title={title} ref={ref}>
      <span className="tab-title">{title}</span>
      <span className="tab-credential">{credential}</span>
    </GraphiQLTab.Button>
  );
});

export const Tab = Object.assign(Root, { Button, Close: GraphiQLTab.Close });

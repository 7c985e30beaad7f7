import { useState } from 'react';
import { CustomDataForm } from './CustomDataForm.tsx';
import type { CustomField } from './gql/graphql.ts';
import type { PartProps } from './useUpdate.ts';

interface CustomClass {
  name: string;
  fields: CustomField[];
}

/** The dialog's custom data: the classes that it has, and a way to add another. */
export function CustomData({ classes, ...props }: PartProps & { classes: CustomClass[] }) {
  const { customData, viewerCanSetCustomData } = props.dialog;
  const [added, setAdded] = useState<string[]>([]);
  const present = new Set(customData.map(({ className }) => className));
  const shown = classes.filter(({ name }) => present.has(name) || added.includes(name));
  const others = classes.filter((candidate) => !shown.includes(candidate));
  return (
    <>
      {shown.map(({ name, fields }) => (
        <CustomDataForm
          key={name}
          {...props}
          className={name}
          fields={fields}
          isNew={!present.has(name)}
          onSettled={() => setAdded(added.filter((other) => other !== name))}
        />
      ))}
      {viewerCanSetCustomData && others.length > 0 && (
        <select
          className="add"
          aria-label="Add data"
          value=""
          onChange={(event) => setAdded([...added, event.target.value])}
        >
          <option value="" disabled>
            Add data…
          </option>
          {others.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      )}
    </>
  );
}

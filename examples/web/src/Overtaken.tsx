import { intoView } from './focus.ts';
import type { CustomField } from './gql/graphql.ts';

interface Props {
  unseen: CustomField[];
  saved: (field: CustomField) => string;
  onUseSaved: () => void;
  onSave: () => void;
}

/** Says what somebody else has saved in the fields that the user is editing, and lets the user decide. */
export function Overtaken({ unseen, saved, onUseSaved, onSave }: Props) {
  return (
    <div role="alert" className="note" ref={intoView}>
      <p>
        <strong>Changed by someone else</strong> while you were typing:
      </p>
      <ul>
        {unseen.map((field) => (
          <li key={field.name}>
            {field.name}: <strong>{saved(field) || 'nothing'}</strong>
          </li>
        ))}
      </ul>
      <div className="row">
        <button type="button" onClick={onUseSaved}>
          Use what is saved
        </button>
        <button type="button" onClick={onSave}>
          Save mine instead
        </button>
      </div>
    </div>
  );
}

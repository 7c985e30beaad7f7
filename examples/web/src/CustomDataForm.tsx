import { type FormEvent, useId, useState } from 'react';
import { placeholderOf, textOf, valueOf } from './customValues.ts';
import { FieldInput } from './FieldInput.tsx';
import type { CustomField } from './gql/graphql.ts';
import { Overtaken } from './Overtaken.tsx';
import type { Refusal } from './refusal.ts';
import { RefusalNote } from './RefusalNote.tsx';
import { type PartProps, useUpdate } from './useUpdate.ts';

/** What was typed into a field, and the value that the user saw there before. */
interface Draft {
  text: string;
  seen: string;
}

interface Props extends PartProps {
  className: string;
  fields: CustomField[];
  /** Whether the dialog has no data of this class yet. */
  isNew: boolean;
  /** Called when there is nothing left to save. */
  onSettled: () => void;
}

/** The dialog's values of one custom class. */
export function CustomDataForm({ className, fields, isNew, onSettled, ...props }: Props) {
  const { dialog, onOutdated } = props;
  const heading = useId();
  const [drafts, setDrafts] = useState<Record<string, Draft>>({});
  const [mistake, setMistake] = useState<Refusal | null>(null);
  const { update, busy, failure, forget } = useUpdate(props);
  const values = dialog.customData.find((data) => data.className === className)?.fields;
  const saved = (field: CustomField) => textOf(field, values?.[field.name]);
  const typed = fields.filter(({ name }) => drafts[name]);
  const unseen = typed.filter((field) => drafts[field.name]?.seen !== saved(field));
  const forgetProblems = () => {
    setMistake(null);
    forget();
  };

  function type(field: CustomField, text: string) {
    setDrafts({ ...drafts, [field.name]: { text, seen: drafts[field.name]?.seen ?? saved(field) } });
  }

  /**
   * Saves what was typed, at the version of the dialog that the page shows and
   * at no later one: nobody undoes what they have never seen.
   */
  function save() {
    forgetProblems();
    const changes: Record<string, unknown> = {};
    for (const field of typed) {
      try {
        changes[field.name] = valueOf(field, drafts[field.name]?.text ?? '');
      } catch {
        setMistake({ code: 'BAD_USER_INPUT', message: `write “${field.name}” like ${placeholderOf(field)}` });
        return;
      }
    }
    const input = { customData: [{ className, fields: changes }], ifVersion: dialog.version };
    void update(input, () => {
      setDrafts({});
      onSettled();
    });
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    if (typed.length > 0 && unseen.length === 0) save();
  }

  function discard() {
    setDrafts({});
    forgetProblems();
    onOutdated();
    onSettled();
  }

  const problem = mistake ?? failure?.refusal;
  return (
    <section className="card" aria-labelledby={heading}>
      <h2 id={heading}>{className}</h2>
      {dialog.viewerCanSetCustomData ? (
        <form className="fields" onSubmit={submit} aria-busy={busy}>
          {fields.map((field, index) => (
            <label key={field.name}>
              {field.name}
              <FieldInput
                field={field}
                text={drafts[field.name]?.text ?? saved(field)}
                onType={(text) => type(field, text)}
                hasFocus={isNew && index === 0}
              />
            </label>
          ))}
          {(typed.length > 0 || isNew) && (
            <div className="row">
              <button className="primary" aria-disabled={busy || typed.length === 0 || unseen.length > 0}>
                Save
              </button>
              <button type="button" onClick={discard}>
                Discard
              </button>
            </div>
          )}
        </form>
      ) : (
        <dl className="fields">
          {fields.map((field) => (
            <div key={field.name}>
              <dt>{field.name}</dt>
              <dd>{saved(field) || '–'}</dd>
            </div>
          ))}
        </dl>
      )}
      {unseen.length > 0 ? (
        <Overtaken unseen={unseen} saved={saved} onUseSaved={discard} onSave={save} />
      ) : (
        problem && (
          <RefusalNote of={problem} onRetry={failure?.retry}>
            {problem.code === 'CONFLICT' && dialog.version >= (problem.currentVersion ?? 0) && (
              <>
                <p>Your fields are as you saw them.</p>
                <button type="button" onClick={save}>
                  Save again
                </button>
              </>
            )}
          </RefusalNote>
        )
      )}
    </section>
  );
}

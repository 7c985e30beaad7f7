import { type FormEvent, useState } from 'react';
import { useMutation } from 'urql';
import { aboutDialogs } from './client.ts';
import { placeholderOf, textOf, valueOf } from './customValues.ts';
import type { CustomField, DialogDetailsFragment } from './gql/graphql.ts';
import { updateDialog } from './operations.ts';
import { type Refusal, refusalOf } from './refusal.ts';
import { RefusalNote } from './RefusalNote.tsx';

/**
 * What was typed, and the version that whoever typed it was looking at. Saving
 * is for that version alone, so that nobody undoes what he has never seen.
 */
interface Draft {
  version: number;
  texts: Record<string, string>;
}

interface Props {
  dialog: DialogDetailsFragment;
  className: string;
  fields: CustomField[];
  onReload: () => void;
}

/** The dialog's values of one custom class. */
export function CustomDataForm({ dialog, className, fields, onReload }: Props) {
  const [draft, setDraft] = useState<Draft | null>(null);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [{ fetching }, run] = useMutation(updateDialog);
  const values = dialog.customData.find((data) => data.className === className)?.fields;

  function type(field: CustomField, text: string) {
    setDraft({ version: draft?.version ?? dialog.version, texts: { ...draft?.texts, [field.name]: text } });
  }

  async function save(event: FormEvent) {
    event.preventDefault();
    if (!draft) return;
    const changes: Record<string, unknown> = {};
    for (const field of fields) {
      const text = draft.texts[field.name];
      if (text === undefined) continue;
      try {
        changes[field.name] = valueOf(field, text);
      } catch {
        setRefusal({ code: 'BAD_USER_INPUT', field: field.name, message: `write it like ${placeholderOf(field)}` });
        return;
      }
    }
    const input = { customData: [{ className, fields: changes }], ifVersion: draft.version };
    const { data, error } = await run({ id: dialog.id, input }, aboutDialogs);
    setRefusal(error ? refusalOf(error) : null);
    if (data?.updateDialog) setDraft(null);
  }

  function discard() {
    setDraft(null);
    setRefusal(null);
    onReload();
  }

  return (
    <section aria-label={className}>
      <h2>{className}</h2>
      <form onSubmit={save}>
        <fieldset disabled={!dialog.viewerCanSetCustomData || fetching}>
          {fields.map((field) => (
            <label key={field.name}>
              {field.name}
              <FieldInput
                field={field}
                text={draft?.texts[field.name] ?? textOf(field, values?.[field.name])}
                onType={(text) => type(field, text)}
              />
            </label>
          ))}
          {draft && (
            <div className="row">
              <button className="primary">Save</button>
              <button type="button" onClick={discard}>
                Discard
              </button>
            </div>
          )}
        </fieldset>
      </form>
      {refusal && (
        <RefusalNote of={refusal}>
          {refusal.code === 'CONFLICT' && draft && (
            <>
              <p>
                You edited version {draft.version}; the dialog is at version {refusal.currentVersion} now.
              </p>
              <button type="button" onClick={discard}>
                Load version {refusal.currentVersion}
              </button>
            </>
          )}
        </RefusalNote>
      )}
    </section>
  );
}

function FieldInput({ field, text, onType }: { field: CustomField; text: string; onType: (text: string) => void }) {
  if (field.type === 'BOOLEAN' && !field.list) {
    return (
      <select value={text} onChange={(event) => onType(event.target.value)}>
        <option value="">not set</option>
        <option value="true">yes</option>
        <option value="false">no</option>
      </select>
    );
  }
  return <input value={text} placeholder={placeholderOf(field)} onChange={(event) => onType(event.target.value)} />;
}

import { placeholderOf } from './customValues.ts';
import { focusOnArrival } from './focus.ts';
import type { CustomField } from './gql/graphql.ts';

interface Props {
  field: CustomField;
  text: string;
  onType: (text: string) => void;
  /** Whether the input takes the focus when it appears. */
  hasFocus: boolean;
}

/** The input of a custom field, by its type. */
export function FieldInput({ field, text, onType, hasFocus }: Props) {
  const ref = hasFocus ? focusOnArrival : undefined;
  if (field.type === 'BOOLEAN' && !field.list) {
    return (
      <select ref={ref} value={text} onChange={(event) => onType(event.target.value)}>
        <option value="">not set</option>
        <option value="true">yes</option>
        <option value="false">no</option>
      </select>
    );
  }
  return (
    <input
      ref={ref}
      value={text}
      placeholder={`for example ${placeholderOf(field)}`}
      onChange={(event) => onType(event.target.value)}
    />
  );
}

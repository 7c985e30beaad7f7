import type { CustomField } from './gql/graphql.ts';

/** Whether a value is typed as it is. Anything else is typed as JSON. */
const isText = ({ type, list }: CustomField): boolean => !list && (type === 'STRING' || type === 'DATETIME');

/** A field's value as its input shows it; empty for a field without a value. */
export function textOf(field: CustomField, value: unknown): string {
  if (value === undefined) return '';
  return isText(field) ? String(value) : JSON.stringify(value);
}

/** The value of what was typed; null, which removes the field, for an empty input. Throws when it can't be read. */
export function valueOf(field: CustomField, text: string): unknown {
  if (isText(field)) return text === '' ? null : text;
  if (text.trim() === '') return null;
  const value: unknown = JSON.parse(text);
  // JSON has no infinity: 1e999 would be sent as null, and remove the field.
  if (value === null || value === Infinity || value === -Infinity) throw new SyntaxError(`not a value: ${text}`);
  return value;
}

/** An example of what can be typed. */
export function placeholderOf({ type, list }: CustomField): string {
  const example = {
    BOOLEAN: 'true',
    INTEGER: '42',
    FLOAT: '0.5',
    STRING: 'text',
    DATETIME: '2026-01-31T09:30:00Z',
    LOCATION: '[13.4, 52.5]',
  }[type];
  if (!list) return example;
  return type === 'STRING' || type === 'DATETIME' ? `["${example}"]` : `[${example}]`;
}

import type { CustomField } from './gql/graphql.ts';

/** Whether a value is typed as it is. Anything else is typed as JSON. */
const isText = ({ type, list }: CustomField): boolean => !list && (type === 'STRING' || type === 'DATETIME');

/** A field's value as it is shown in its input; nothing for a field without one. */
export function textOf(field: CustomField, value: unknown): string {
  if (value === undefined) return '';
  return isText(field) ? String(value) : JSON.stringify(value);
}

/** What was typed as a value; null, which removes the field, for nothing. */
export function valueOf(field: CustomField, text: string): unknown {
  if (text === '') return null;
  return isText(field) ? text : JSON.parse(text);
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

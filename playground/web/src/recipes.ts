/** An operation of the README, which the page has a tab for. */
export type Recipe = {
  /** The heading it is under. */
  title: string;
  /** HTTP headers, one a line, with $KEY and $TOKEN for credentials. */
  headers: string;
  operation: string;
};

/** Of each section of a Markdown text the first operation and the headers above it. */
export function recipesOf(markdown: string): Recipe[] {
  return markdown.split(/^#{2,} /m).slice(1).flatMap((section) => {
    const headers = block(section, 'http');
    const operation = block(section, 'graphql');
    const title = section.slice(0, section.indexOf('\n'));
    return headers && operation ? [{ title, headers, operation }] : [];
  });
}

function block(section: string, language: string): string | undefined {
  return new RegExp('^```' + language + '\n(.*?)\n```$', 'ms').exec(section)?.[1];
}

/** An operation of the README, which the page has a tab for. */
export type Recipe = {
  /** The heading it is under, with the number of its tab. */
  title: string;
  /** HTTP headers, one a line, with $KEY and $TOKEN for credentials. */
  headers: string;
  operation: string;
};

/** The operations of a Markdown text in their order, each with the headers last given above it in its section. */
export function recipesOf(markdown: string): Recipe[] {
  return markdown.split(/^#{2,} /m).slice(1).flatMap((section) => {
    const heading = section.slice(0, section.indexOf('\n'));
    const recipes: Recipe[] = [];
    let headers = '';
    for (const [, language, content = ''] of section.matchAll(/^```(http|graphql)\n(.*?)\n```$/gms)) {
      if (language === 'http') headers = content;
      else if (headers) recipes.push({ title: titleOf(heading, recipes.length), headers, operation: content });
    }
    return recipes;
  });
}

/** "7. Remove" for the first operation under that heading, "7b. Remove" for the second; what comes before the first recipe is "0. Set up". */
function titleOf(heading: string, index: number): string {
  const [, number, name] = /^(\d+)\. (.*)/.exec(heading) ?? ['', '0', 'Set up'];
  return `${number}${index > 0 ? String.fromCharCode('a'.charCodeAt(0) + index) : ''}. ${name}`;
}

/** The first letter of a user, or of a group (a square), on a color of its own. */
export function Avatar({ of: name, group = false, small = false }: { of: string; group?: boolean; small?: boolean }) {
  let hue = 0;
  for (const character of name) hue = (hue * 31 + character.codePointAt(0)!) % 360;
  return (
    <span
      className="avatar"
      aria-hidden="true"
      data-small={small}
      data-group={group}
      style={{ '--hue': hue } as React.CSSProperties}
    >
      {[...name][0]?.toUpperCase()}
    </span>
  );
}

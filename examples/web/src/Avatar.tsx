/** A user's first letter on a color that is his own. */
export function Avatar({ of: userId }: { of: string }) {
  let hue = 0;
  for (const character of userId) hue = (hue * 31 + character.codePointAt(0)!) % 360;
  return (
    <span className="avatar" aria-hidden="true" style={{ '--hue': hue } as React.CSSProperties}>
      {[...userId][0]?.toUpperCase()}
    </span>
  );
}

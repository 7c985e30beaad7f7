/** An instant as people write it: the time of today, the date of other days. */
export function Moment({ at, long = false }: { at: string; long?: boolean }) {
  const date = new Date(at);
  const full = date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  const today = date.toDateString() === new Date().toDateString();
  const short = today
    ? date.toLocaleTimeString(undefined, { timeStyle: 'short' })
    : date.toLocaleDateString(undefined, { dateStyle: 'medium' });
  return (
    <time dateTime={at} title={full}>
      {long ? full : short}
    </time>
  );
}

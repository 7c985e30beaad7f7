/** Says that what the page shows could not be read again. */
export function OutdatedNote({ onRetry }: { onRetry: () => void }) {
  return (
    <div role="status" className="note slim">
      <p>This may be out of date.</p>
      <button type="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

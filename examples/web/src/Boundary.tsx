import { Component, type ReactNode } from 'react';

interface Props {
  children: ReactNode;
  /** Forgets what may have caused the crash. */
  onRetry?: () => void;
}

/** Shows what to do next in place of a part of the page that has crashed; the rest stays usable. */
export class Boundary extends Component<Props, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  readonly retry = (): void => {
    this.props.onRetry?.();
    this.setState({ failed: false });
  };

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <div role="alert" className="note">
        <p>
          <strong>This part of the page has crashed.</strong> That is our fault, not yours. Your conversations are safe on
          the server.
        </p>
        <div className="row">
          <button type="button" className="primary" onClick={this.retry}>
            Try again
          </button>
          <button type="button" onClick={() => location.reload()}>
            Reload the page
          </button>
        </div>
      </div>
    );
  }
}

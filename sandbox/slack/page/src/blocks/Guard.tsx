import { Component, type ReactNode } from "react";

interface Props {
  kind: string;
  children: ReactNode;
}

/** A block that cannot be drawn says so, and leaves the rest of the page as it is. */
export class Guard extends Component<Props, { failed: boolean }> {
  state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  render() {
    if (this.state.failed) return <div className="trouble">This page cannot draw this block ({this.props.kind}).</div>;
    return this.props.children;
  }
}

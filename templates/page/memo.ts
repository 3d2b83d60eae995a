import { Component, type ComponentChildren, type VNode } from 'preact';

/** A component that is drawn again only when one of its properties is another one. */
export function memo<P extends object>(draw: (props: P) => VNode): new () => Component<P> {
  return class extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      return Object.entries(next).some(([name, value]) => this.props[name as keyof P] !== value);
    }
    override render(props: P): ComponentChildren {
      return draw(props);
    }
  };
}

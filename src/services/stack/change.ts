/** What applying a desired stack would do to one resource, and why. */
export interface PlannedChange {
  readonly key: string;
  readonly action: 'create' | 'update' | 'replace' | 'remove' | 'unchanged';
  readonly reason: string;
}

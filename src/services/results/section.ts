/** A table as data; every format draws it in its own way. Text of the network is displayable, not escaped. */
export interface Table {
  /** Names of the columns, on two lines where that saves room. */
  readonly head: readonly string[];
  /** The names in full, for formats that have the room. */
  readonly fullHead?: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns whose cells hold words, which read from the left. */
  readonly words?: readonly string[];
  /** Columns to leave out where there is no room, in this order: the others say nearly the same. */
  readonly dispensable?: readonly string[];
}

/** A part of a report: its table, and sentences below it. */
export interface Section {
  readonly title: string;
  readonly table?: Table;
  readonly lines?: readonly string[];
}

import { Box, Static, Text } from 'ink';
import { type Entry, entryRows } from '../format/entry.ts';
import type { Paint } from '../format/text.ts';

interface LiveViewProps {
  readonly entries: readonly Entry[];
  /** What is going on; none on the last frame: only what is over stays on the screen. */
  readonly rows: readonly string[];
  readonly columns: number;
  readonly paint: Paint;
  /** Replaces characters that the terminal does not have. */
  readonly glyphs: (text: string) => string;
}

/** What is over scrolls away as ordinary text; below it, what is going on. */
export function LiveView({ entries, rows, columns, paint, glyphs }: LiveViewProps) {
  return (
    <>
      <Static items={[...entries]}>
        {(entry, index) => (
          <Box key={index} width={columns} flexDirection="column">
            {entryRows(entry, paint).map(({ lead, text }, row) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows of an entry never change
              <Box key={row}>
                <Box flexShrink={0}>
                  <Text>{glyphs(lead)}</Text>
                </Box>
                <Text>{glyphs(text)}</Text>
              </Box>
            ))}
          </Box>
        )}
      </Static>
      {rows.map((row, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity beyond their place
        <Text key={index} wrap="truncate-end">
          {row === '' ? ' ' : row}
        </Text>
      ))}
    </>
  );
}

import { Box, Static, Text } from 'ink';
import { entryRows } from '../format/entry.ts';
import type { Paint } from '../format/text.ts';
import { type Frame, liveRows } from './live-rows.ts';
import type { ViewModel } from './view-model.ts';

interface LiveViewProps {
  readonly view: ViewModel;
  readonly frame: Frame;
  /** False on the last frame: only what is over stays on the screen. */
  readonly live: boolean;
  readonly paint: Paint;
}

/** What is over scrolls away as ordinary text; below it, what is going on. */
export function LiveView({ view, frame, live, paint }: LiveViewProps) {
  const rows = live ? liveRows(view, frame, paint) : [];
  return (
    <>
      <Static items={[...view.entries]}>
        {(entry, index) => (
          <Box key={index} width={frame.columns} flexDirection="column">
            {entryRows(entry, paint).map(({ lead, text }, row) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows of an entry never change
              <Box key={row}>
                <Box flexShrink={0}>
                  <Text>{lead}</Text>
                </Box>
                <Text>{text}</Text>
              </Box>
            ))}
          </Box>
        )}
      </Static>
      {rows.map((row, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity beyond their place
        <Text key={index} wrap="truncate-end">
          {row}
        </Text>
      ))}
    </>
  );
}

import type { FileHandle } from 'node:fs/promises';

/** What bytes are written to: a file, or what a test takes for one. */
export type Writable = Pick<FileHandle, 'write'>;

/**
 * Writes all bytes. A disk that fills up takes the front of them and says so only by a count; the rest is written again,
 * and that write tells why it cannot be.
 *
 * @param onWritten told after each write how many bytes of these are in the file
 * @throws the system's error
 */
export async function writeAll(
  file: Writable,
  bytes: Uint8Array,
  onWritten: (count: number) => void = () => {},
): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, null);
    // No error and no progress: nothing that a further try would change.
    if (bytesWritten === 0) throw new Error(`only ${done} of ${bytes.length} bytes were taken`);
    done += bytesWritten;
    onWritten(done);
  }
}

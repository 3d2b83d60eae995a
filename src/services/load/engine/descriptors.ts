/** Descriptors that a generator process needs for itself: channel, thread, standard streams, name resolution. */
export const OWN_DESCRIPTORS = 64;

/**
 * Files that this process, and each that it starts, may have open; undefined when there is no limit. Node raises the soft
 * limit to the hard one as it starts, so there is nothing left to be raised here.
 */
export function descriptorLimit(): number | undefined {
  // Without it the report looks up the name of every peer; the property is newer than its types.
  Object.assign(process.report, { excludeNetwork: true });
  const { userLimits } = process.report.getReport() as {
    userLimits?: { open_files?: { soft?: number | 'unlimited' } };
  };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : undefined;
}

/** Only what may be an id: it becomes a part of paths that are asked for. */
export function idInAddress(): string | undefined {
  return /^#([A-Za-z0-9_-]{8,64})$/.exec(location.hash)?.[1];
}

/** 128 random bits. Not `randomUUID`: browsers have that for https and for this machine only. */
export function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** For as long as the tab is open; a browser may refuse to. */
export function remembered(name: string): string | null {
  try {
    return sessionStorage.getItem(`chainctl.${name}`);
  } catch {
    return forgetful.get(name) ?? null;
  }
}

export function remember(name: string, value: string): void {
  try {
    sessionStorage.setItem(`chainctl.${name}`, value);
  } catch {
    forgetful.set(name, value);
  }
}

const forgetful = new Map<string, string>();

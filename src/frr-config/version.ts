/** An FRR version as FRR prints it; Debian's and others' suffixes are dropped. */
export interface FrrVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** `8.4.4`, `10.3`, `10.3-dev`: the first dotted number in the text; `null` where there is none. */
export function parseFrrVersion(text: string): FrrVersion | null {
  const found = /(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?/.exec(text);
  if (found === null) return null;
  const [, major, minor, patch = "0"] = found;
  return { major: Number(major), minor: Number(minor), patch: Number(patch) };
}

export const formatFrrVersion = ({ major, minor, patch }: FrrVersion): string =>
  patch === 0 ? `${major}.${minor}` : `${major}.${minor}.${patch}`;

export const sameVersion = (a: FrrVersion, b: FrrVersion): boolean =>
  a.major === b.major && a.minor === b.minor && a.patch === b.patch;

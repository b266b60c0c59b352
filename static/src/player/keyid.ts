// Names of keys: the fight, and the second of the wall clock from which the key is used.

export interface KeyId {
  /** As the key endpoint knows it. */
  id: string;
  /** The fight's id. */
  fight: string;
  /** Unix seconds of its turn. */
  at: number;
}

const FORM = /([0-9A-Za-z]{26})-(\d{1,12})$/;

/** The key that an address of a playlist names; null: not one of ours. */
export function keyIdOf(address: string): KeyId | null {
  const [path = ""] = address.split(/[?#]/);
  const found = FORM.exec(path);
  if (!found?.[1] || !found[2]) return null;
  return { id: found[0], fight: found[1], at: Number(found[2]) };
}

/** The same fight's key after this one. */
export function nextOf({ fight, at }: KeyId, rotationMs: number): KeyId {
  const next = at + Math.round(rotationMs / 1_000);
  return { id: `${fight}-${next}`, fight, at: next };
}

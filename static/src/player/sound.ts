// Volume and mute, remembered on this device.

const PLACE = "bakuhantam.sound";

interface Sound {
  muted: boolean;
  volume: number;
}

/** What was chosen last; loud and full by default. */
export function rememberedSound(): Sound {
  try {
    const { muted, volume } = JSON.parse(localStorage.getItem(PLACE) ?? "{}") as Partial<Sound>;
    return { muted: muted === true, volume: typeof volume === "number" && volume >= 0 && volume <= 1 ? volume : 1 };
  } catch {
    return { muted: false, volume: 1 };
  }
}

/** Remembers a choice; a device that keeps nothing is no reason to stop. */
export function rememberSound({ muted, volume }: Sound): void {
  try {
    localStorage.setItem(PLACE, JSON.stringify({ muted, volume }));
  } catch {
    // Private windows may refuse.
  }
}

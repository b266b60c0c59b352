// What the viewer chose for the picture, remembered on this device: a height, and whether to save data.

const PLACE = "bakuhantam.picture";

/** `on`: save data; `no`: was offered and not wanted; `ask`: never answered. */
export type SaverChoice = "on" | "no" | "ask";

export interface PictureChoice {
  /** A height chosen by hand; 0: by itself. */
  height: number;
  saver: SaverChoice;
}

/** What was chosen last. */
export function rememberedPicture(): PictureChoice {
  try {
    const { height, saver } = JSON.parse(localStorage.getItem(PLACE) ?? "{}") as Partial<PictureChoice>;
    return {
      height: typeof height === "number" && height > 0 ? height : 0,
      saver: saver === "on" || saver === "no" ? saver : "ask",
    };
  } catch {
    return { height: 0, saver: "ask" };
  }
}

/** Remembers a choice; a device that keeps nothing is no reason to stop. */
export function rememberPicture(choice: Partial<PictureChoice>): void {
  try {
    localStorage.setItem(PLACE, JSON.stringify({ ...rememberedPicture(), ...choice }));
  } catch {
    // Private windows may refuse.
  }
}

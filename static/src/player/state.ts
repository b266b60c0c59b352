// The player's states, and which one it is in.
import type { Phase } from "./facts";
import type { Motion } from "./motion";

export type State =
  | "soon"
  | "waiting"
  | "starting"
  | "ready"
  | "playing"
  | "buffering"
  | "interrupted"
  | "ended"
  | "failed"
  /** The gate is shut: `data-gate` says why. */
  | "shut"
  | "unsupported";

export type Mode = "live" | "dvr" | "replay";

/** What the state is made of. */
export interface View {
  supported: boolean;
  shut: boolean;
  mode: Mode;
  phase: Phase;
  motion: Pick<Motion, "picture" | "stalled" | "refused" | "failing">;
  paused: boolean;
  /** The recording is over. */
  over: boolean;
  startsAtMs: number;
}

export function stateOf(view: View): State {
  const { mode, phase } = view;
  const { picture, stalled, refused, failing } = view.motion;
  if (!view.supported) return "unsupported";
  if (view.shut) return "shut";
  const moving = picture && !stalled && !view.over;
  if (mode !== "live") {
    if (view.over) return "ended";
    if (refused) return "ready";
    if (failing) return "failed";
    return stalled ? "buffering" : picture ? "playing" : "starting";
  }
  if (phase === "ended") return moving && !view.paused ? "playing" : "ended";
  if (phase === "soon") return Date.now() < view.startsAtMs ? "soon" : "waiting";
  if (refused) return "ready";
  if (phase === "interrupted") return "interrupted";
  if (failing) return "failed";
  if (!picture) return "starting";
  return stalled ? "buffering" : "playing";
}

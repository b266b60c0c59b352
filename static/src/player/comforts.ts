// The comforts around the picture: saving data, the system's controls, the question whether anybody is there, and the
// viewer's handle over what is sold.
import type { Facts } from "./facts";
import { rememberedPicture, rememberPicture } from "./memory";
import type { Player } from "./player";
import type { QualityMenu } from "./quality";
import { Saver, SAVER_HEIGHT } from "./saver";
import { mountSession } from "./session";
import { StillWatching } from "./still-watching";
import { Watermark } from "./watermark";
import type { Say } from "./words";

export interface Comforts {
  readonly still: StillWatching;
  /** Qualities on offer. */
  levels(heights: number[]): void;
  /** A quality was chosen by hand; 0: by itself. */
  chose(height: number): void;
  /** Called while there is a picture. */
  tick(): void;
}

/** Who fights now, as the strip says it. */
function onNow(facts: Facts): string {
  const row = document.querySelector<HTMLElement>('.fight-strip [data-status="live"]');
  const fight = facts.sale.fights.find(({ number }) => String(number) === row?.dataset["fight"]);
  return fight ? `${fight.red} vs ${fight.blue}` : "";
}

export function mountComforts(root: HTMLElement, facts: Facts, say: Say, player: Player, quality: QualityMenu): Comforts {
  const { video } = player;
  const saver = new Saver(root, player.source, (on) => {
    // Saving data and a tall picture by hand exclude each other.
    if (on && quality.chosenHeight > SAVER_HEIGHT) quality.chooseAuto();
    quality.showSaver(on);
  });
  quality.onSaver = (on) => saver.turn(on);
  const news = root.querySelector<HTMLElement>("[data-gate-news]");
  const still = new StillWatching(root, video, player, (asking) => {
    if (news) news.textContent = asking ? say("resting-title") : "";
  });
  const play = (): void => {
    if (still.asking) still.goOn();
    else if (video.paused) player.togglePlay();
  };
  const session = mountSession(player, facts, play, () => onNow(facts));
  if (facts.sale.handle !== null) new Watermark(root, facts.sale.handle);
  return {
    still,
    levels: (heights) => {
      saver.levels(heights);
      quality.offerSaver(saver.offered, saver.on);
      quality.restore(rememberedPicture().height);
    },
    chose: (height) => {
      rememberPicture({ height });
      if (height > SAVER_HEIGHT && saver.on) saver.turn(false);
    },
    tick: () => {
      saver.tick();
      session.tick();
    },
  };
}

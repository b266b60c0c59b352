// What an alert sounds like: a short chime of our own, and on wish the message read out by the browser.
import type { Support } from "../crowd/numbers";
import type { Say } from "../player/words";

const NOTES = [659.3, 987.8, 1318.5];
const NOTE_S = 0.11;
const VOLUME = 0.2;

export class Voice {
  #audio: AudioContext | null = null;

  constructor(
    readonly sound: boolean,
    readonly speech: boolean,
    readonly say: Say,
  ) {}

  announce(support: Support): void {
    if (this.sound) this.#chime();
    if (this.speech && support.message && "speechSynthesis" in globalThis) this.#speak(support);
  }

  #chime(): void {
    this.#audio ??= new AudioContext();
    const audio = this.#audio;
    if (audio.state === "suspended") void audio.resume();
    NOTES.forEach((hertz, at) => {
      const [tone, loud] = [audio.createOscillator(), audio.createGain()];
      const from = audio.currentTime + at * NOTE_S;
      tone.type = "triangle";
      tone.frequency.value = hertz;
      loud.gain.setValueAtTime(0, from);
      loud.gain.linearRampToValueAtTime(VOLUME, from + 0.015);
      loud.gain.exponentialRampToValueAtTime(0.001, from + NOTE_S * 4);
      tone.connect(loud).connect(audio.destination);
      tone.start(from);
      tone.stop(from + NOTE_S * 4);
    });
  }

  #speak(support: Support): void {
    const name = support.name ?? this.say("overlay-anonymous");
    const spoken = new SpeechSynthesisUtterance(this.say("overlay-says", { name, message: support.message ?? "" }));
    spoken.lang = "id-ID";
    speechSynthesis.speak(spoken);
  }
}

/**
 * A sound for a new alarm, after the browser allowed it: two tones, higher and more of them the more urgent it is. A
 * page may not sound before somebody touched it, so a choice that is remembered waits for the first touch.
 */
import { recall, remember, Store } from "../store";

/** The least urgent priority that sounds; 0: none does. */
export const SOUND_CHOICES = [0, 1, 2, 3, 8] as const;
export type SoundChoice = (typeof SOUND_CHOICES)[number];
const NAME = "alarms.sound";
const QUIET_MS = 2000; /* a flood is one sound */

function remembered(): SoundChoice {
  const known = Number(recall(NAME) ?? 0);
  return SOUND_CHOICES.find((choice) => choice === known) ?? 0;
}

export const soundChoice = new Store<SoundChoice>(remembered());
/** The browser lets this page sound. */
export const soundAllowed = new Store<boolean>(false);

let context: AudioContext | null = null;
let soundedAt = 0;

function tone(at: number, hertz: number, seconds: number): void {
  if (!context) return;
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.type = "triangle";
  oscillator.frequency.value = hertz;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(0.35, at + 0.02);
  gain.gain.setValueAtTime(0.35, at + seconds - 0.04);
  gain.gain.linearRampToValueAtTime(0, at + seconds);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(at);
  oscillator.stop(at + seconds);
}

/** The more urgent, the higher and the more often. */
export function tonesOf(priority: number): { hertz: number; seconds: number }[] {
  const times = priority <= 1 ? 4 : priority === 2 ? 3 : 2;
  const high = priority <= 1 ? 1175 : priority === 2 ? 880 : 587;
  return Array.from({ length: times }, (_, at) => ({
    hertz: at % 2 ? high * 0.75 : high,
    seconds: priority <= 1 ? 0.16 : 0.22,
  }));
}

function play(priority: number): void {
  if (context?.state !== "running") return;
  let at = context.currentTime + 0.02;
  for (const { hertz, seconds } of tonesOf(priority)) {
    tone(at, hertz, seconds);
    at += seconds + 0.04;
  }
}

/** Asks the browser; what it says is in soundAllowed. */
export async function allowSound(): Promise<void> {
  if (typeof AudioContext === "undefined") return;
  if (!context) {
    context = new AudioContext();
    context.onstatechange = () => soundAllowed.set(context?.state === "running");
  }
  await context.resume().catch(() => undefined);
  soundAllowed.set(context.state === "running");
}

/** By a touch: the browser is asked, and it sounds once, so that one knows it. */
export async function chooseSound(choice: SoundChoice): Promise<void> {
  remember(NAME, choice ? String(choice) : null);
  soundChoice.set(choice);
  if (!choice) return;
  await allowSound();
  play(1);
}

/** Somebody is told of alarms, the most urgent of which is this. */
export function soundAlarm(priority: number): void {
  const now = Date.now();
  const choice = soundChoice.get();
  if (priority > choice || now - soundedAt < QUIET_MS) return;
  soundedAt = now;
  play(priority);
}

/** A choice of before is taken up with the first touch of the page. */
export function startSound(): void {
  const touched = () => {
    if (soundChoice.get() && !soundAllowed.get()) void allowSound();
  };
  addEventListener("pointerdown", touched);
  addEventListener("keydown", touched);
}

/**
 * A trend while it is looked at: which span is shown, what was asked for it, what came live since. It asks when
 * the span, the points or the pixels are others, after a moment of rest, and takes back what was asked before.
 */
import { serverNow } from "../api/clock";
import { Problem } from "../api/http";
import { presence } from "../api/presence";
import type { Limits } from "../api/types";
import { onLiveFrame, onLivePoint, watchPatterns } from "../live/live";
import { Store } from "../store";
import { onTheme } from "../theme";
import { askExtent, askLast, askTrend } from "./ask";
import { Plot, type PlotMark, type PlotModel, type PlotScale } from "./plot";
import { isSameRange, rangeOf, spanOf, type Range, type Span } from "./range";
import { axesOf } from "./scales";
import { trackAppend, trackOf, type Track } from "./track";
import type { Cost, Missing } from "./types";
import type { View } from "./view";

export interface TrendState {
  loading: boolean;
  problem: Problem | undefined;
  /** Of the last answer; none before the first. */
  tracks: Track[] | undefined;
  /** The span that was answered. */
  asked: Span | undefined;
  unknown: string[];
  missing: Missing[];
  cost: Cost | undefined;
}

export interface TrendLook {
  limits: Limits;
  marks: PlotMark[];
  choosing: boolean;
  wheel: boolean;
}

const REST_MS = 90; /* after the last movement, before it is asked */
const RESIZE_REST_MS = 180;
const TICK_LEAST_MS = 200;
const TICK_MOST_MS = 5000;
const AGAIN_LEAST_MS = 5000;
const AGAIN_MOST_MS = 60_000;
const NOW_MS = 3000; /* the answer to a question about now may take that long */
const WATCH_PATHS = 32; /* patterns a subscription may have */
const AXES_WIDE = 900; /* pixels for four axes */
const AXES_SOME = 520;
/** Before anything is known: an axis stands where one will most likely be. */
const SCALES_FIRST: PlotScale[] = [
  { name: "first", title: "", color: null, least: 0, most: 1, axis: true, share: false },
];
const FIRST: TrendState = {
  loading: true,
  problem: undefined,
  tracks: undefined,
  asked: undefined,
  unknown: [],
  missing: [],
  cost: undefined,
};

export class TrendModel {
  readonly state = new Store<TrendState>(FIRST);
  private span: Span;
  private extent: Span | undefined;
  private plot: Plot | null = null;
  private box: HTMLElement | null = null;
  private abort: AbortController | null = null;
  private askTimer = 0;
  private tickTimer = 0;
  private againAt = 0;
  private moving = false;
  /** The answer went to now: what comes live continues it. */
  private reachesNow = false;
  private askedWidth = 0;
  private readonly ends: (() => void)[] = [];
  private watched: (() => void)[] = [];
  private liveEnds: (() => void)[] = [];
  private watchedPaths = "";

  constructor(
    private view: View,
    private look: TrendLook,
    private readonly onRange: (range: Range) => void,
    private readonly onPoint: (time: number | null) => void,
  ) {
    this.span = spanOf(view.range, serverNow());
    this.ends.push(
      onLiveFrame((points) => this.onLive(points)),
      onTheme(() => this.rebuild()),
      presence.listen(({ away }) => {
        if (!away) this.askSoon(0);
      }),
    );
    this.tick();
  }

  mount(box: HTMLElement): void {
    this.box = box;
    this.rebuild();
    this.watch();
    this.askSoon(0);
  }

  /** Colours or words are others. */
  rebuild(): void {
    if (!this.box) return;
    this.plot?.destroy();
    this.plot = new Plot(this.box, this.drawn(), {
      span: () => this.span,
      show: (span) => this.show(span),
      keep: () => this.keep(),
      isChoosing: () => this.look.choosing,
      takesWheel: (event) => this.look.wheel || event.ctrlKey || event.metaKey,
      point: (time) => this.onPoint(time),
      resized: () => {
        if (this.plot?.pixels !== this.askedWidth) this.askSoon(RESIZE_REST_MS);
      },
    });
  }

  destroy(): void {
    clearTimeout(this.askTimer);
    clearTimeout(this.tickTimer);
    this.abort?.abort();
    this.plot?.destroy();
    for (const end of [...this.ends, ...this.watched, ...this.liveEnds]) end();
  }

  get shown(): Span {
    return this.span;
  }
  get drawing(): Plot | null {
    return this.plot;
  }
  private get isLive(): boolean {
    return this.view.range.kind === "last" && !this.moving;
  }

  setLook(look: TrendLook): void {
    this.look = look;
    this.draw();
  }

  setView(view: View): void {
    const before = this.view;
    this.view = view;
    const isSame = before.paths.join("\n") === view.paths.join("\n");
    if (!isSame) {
      this.extent = undefined;
      const { tracks } = this.state.get();
      this.set({ tracks: tracks?.filter(({ path }) => view.paths.includes(path)) });
      this.watch();
    }
    if (!isSameRange(before.range, view.range)) {
      this.moving = false;
      this.span = spanOf(view.range, serverNow(), this.extent);
      this.tick();
    } else if (isSame) {
      this.draw();
      return;
    }
    this.draw();
    this.askSoon(0);
  }

  /** While a gesture lasts. */
  show(span: Span): void {
    this.moving = true;
    this.span = span;
    this.draw();
    this.askSoon(REST_MS);
  }

  /** What is shown stays: the address says so from now on. */
  keep(): void {
    const range = rangeOf(this.span, serverNow());
    if (!isSameRange(range, this.view.range)) this.onRange(range);
    else this.moving = false;
  }

  askAgain(): void {
    this.askSoon(0);
  }

  private set(change: Partial<TrendState>): void {
    this.state.set({ ...this.state.get(), ...change });
  }

  private watch(): void {
    const key = this.view.paths.join("\n");
    if (key === this.watchedPaths) return;
    this.watchedPaths = key;
    const before = this.watched;
    this.watched = [];
    for (let from = 0; from < this.view.paths.length; from += WATCH_PATHS)
      this.watched.push(watchPatterns(this.view.paths.slice(from, from + WATCH_PATHS)));
    for (const end of before) end();
  }

  private listen(tracks: Track[]): void {
    for (const end of this.liveEnds) end();
    this.liveEnds = tracks.map((track) =>
      onLivePoint(track.point, ({ time, value, quality }) => {
        if (time !== null && this.reachesNow) trackAppend(track, time, value, quality);
      }),
    );
  }

  private onLive(points: ReadonlySet<number>): void {
    const { tracks } = this.state.get();
    if (tracks?.some(({ point }) => points.has(point))) this.draw();
  }

  private askSoon(ms: number): void {
    clearTimeout(this.askTimer);
    this.askTimer = window.setTimeout(() => void this.ask(), ms);
  }

  private tick(): void {
    clearTimeout(this.tickTimer);
    const pixels = this.plot?.pixels ?? 1000;
    const pixelMs = (this.span.to - this.span.from) / pixels;
    const wait = Math.max(TICK_LEAST_MS, Math.min(TICK_MOST_MS, pixelMs));
    this.tickTimer = window.setTimeout(() => {
      if (this.isLive && !document.hidden) {
        this.span = spanOf(this.view.range, serverNow());
        this.draw();
        if (Date.now() >= this.againAt && !this.state.get().loading) this.askSoon(0);
      }
      this.tick();
    }, wait);
  }

  private async ask(): Promise<void> {
    const { paths, range } = this.view;
    if (!this.plot || !this.box?.clientWidth) return;
    this.abort?.abort();
    const control = new AbortController();
    this.abort = control;
    if (paths.length === 0) {
      this.set({ ...FIRST, loading: false, tracks: [] });
      return;
    }
    this.set({ loading: true });
    try {
      if (range.kind === "all" && !this.extent && !this.moving) {
        this.extent = await askExtent(paths, control.signal);
        this.span = spanOf(range, serverNow(), this.extent);
      } else if (this.isLive) this.span = spanOf(range, serverNow());
      await this.answer(this.span, control.signal);
    } catch (error) {
      if (control.signal.aborted) return;
      const problem =
        error instanceof Problem ? error : new Problem(0, "console", "", String(error));
      this.set({ loading: false, problem });
    }
    const length = this.span.to - this.span.from;
    this.againAt = Date.now() + Math.max(AGAIN_LEAST_MS, Math.min(AGAIN_MOST_MS, length / 100));
  }

  private async answer(span: Span, signal: AbortSignal): Promise<void> {
    const { paths } = this.view;
    const width = this.plot?.pixels ?? 1;
    this.askedWidth = width;
    const [trend, last] = await Promise.all([
      askTrend(paths, span, width, signal),
      askLast(paths, span.from, signal),
    ]);
    if (signal.aborted) return;
    const columnMs = (span.to - span.from) / width;
    const before = new Map(last.points.map((point) => [point.path, point]));
    const found = new Map(
      trend.points.map((point) => [point.path, trackOf(point, before.get(point.path), columnMs)]),
    );
    const tracks = paths.flatMap((path) => found.get(path) ?? []);
    const reachedNow = this.reachesNow;
    this.reachesNow = span.to >= serverNow() - NOW_MS;
    if (reachedNow && this.reachesNow) this.keepTail(tracks, span);
    this.listen(tracks);
    this.set({
      loading: false,
      problem: undefined,
      tracks,
      asked: span,
      unknown: trend.unknown ?? [],
      missing: trend.missing ?? [],
      cost: trend.cost,
    });
    this.draw();
  }

  /** What came live while the question was on its way, past the span that was asked. */
  private keepTail(tracks: Track[], span: Span): void {
    const before = new Map(this.state.get().tracks?.map((track) => [track.path, track]));
    for (const track of tracks) {
      const old = before.get(track.path);
      if (!old) continue;
      for (let i = 0; i < old.times.length; i++) {
        const time = old.times[i] as number;
        if (time >= span.to)
          trackAppend(track, time, old.values[i] ?? null, old.qualities[i] ?? "good");
      }
    }
  }

  private draw(): void {
    this.plot?.draw(this.drawn());
  }

  private room(): number {
    const width = this.box?.clientWidth ?? 0;
    return width >= AXES_WIDE ? 4 : width >= AXES_SOME ? 2 : 1;
  }

  private drawn(): PlotModel {
    const { view, look, span } = this;
    const { tracks } = this.state.get();
    const shown = (tracks ?? [])
      .filter(({ path }) => !view.hidden.includes(path))
      .map((track) => ({ track, place: view.paths.indexOf(track.path) }));
    const alone = shown.length === 1 ? look.limits : {};
    const { lines, scales } = axesOf(shown, view.axes, span, alone, this.room());
    return {
      span,
      lines,
      scales: tracks ? scales : SCALES_FIRST,
      limits: view.axes === "share" ? {} : alone,
      marks: look.marks,
      join: view.join,
      now: serverNow(),
    };
  }
}

/**
 * What fingers, mouse and wheel do with a trend: drag moves it, the wheel and two fingers zoom, dragging with Shift
 * (or with the tool for it) chooses a span. While a gesture lasts the span is shown; at its end it is kept, once.
 */
import { panSpan, pinchSpan, zoomSpan, type Span } from "./range";

export interface GestureWorld {
  span(): Span;
  /** As a gesture goes on. */
  show(span: Span): void;
  /** The gesture is over: what is shown stays. */
  keep(): void;
  /** Pixels from the left that are being chosen; null: none. */
  choose(pixels: [number, number] | null): void;
  /** Where the cursor is, in pixels from the left. */
  point(pixel: number): void;
  isChoosing(): boolean;
  /** Whether the wheel is ours, or the page's to scroll. */
  takesWheel(event: WheelEvent): boolean;
}

const DRAG_LEAST = 4; /* pixels: below it, it was a click */
const CHOICE_LEAST = 6;
const WHEEL_REST_MS = 260;
const WHEEL_ZOOM = 0.0016;
const WHEEL_MOST = 240; /* one turn of a coarse wheel */
const LINE_PIXELS = 33;

interface Held {
  x: number; /* where it began, in pixels from the left */
  now: number;
}

export class Gestures {
  private readonly held = new Map<number, Held>();
  private kind: "none" | "pan" | "pinch" | "choose" = "none";
  private began: Span = { from: 0, to: 1 };
  private instants: [number, number] = [0, 1];
  private rest = 0;
  private readonly abort = new AbortController();

  constructor(
    private readonly element: HTMLElement,
    private readonly world: GestureWorld,
  ) {
    const { signal } = this.abort;
    const on = <K extends keyof HTMLElementEventMap>(
      name: K,
      run: (event: HTMLElementEventMap[K]) => void,
    ) => element.addEventListener(name, run, { signal, passive: false });
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event, true));
    on("pointercancel", (event) => this.up(event, false));
    on("wheel", (event) => this.wheel(event));
    on("dblclick", (event) => this.twice(event));
  }

  end(): void {
    clearTimeout(this.rest);
    this.abort.abort();
  }

  private width(): number {
    return Math.max(1, this.element.clientWidth);
  }

  private pixel(event: MouseEvent): number {
    return event.clientX - this.element.getBoundingClientRect().left;
  }

  private instant(pixel: number, span: Span): number {
    return span.from + ((span.to - span.from) * pixel) / this.width();
  }

  private down(event: PointerEvent): void {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    const x = this.pixel(event);
    this.held.set(event.pointerId, { x, now: x });
    this.element.setPointerCapture(event.pointerId);
    this.began = this.world.span();
    if (this.held.size === 2) this.pinchBegin();
    else if (event.shiftKey || this.world.isChoosing()) this.kind = "choose";
  }

  private pinchBegin(): void {
    this.world.choose(null);
    this.kind = "pinch";
    this.began = this.world.span();
    const [a, b] = [...this.held.values()].sort((one, other) => one.now - other.now) as [
      Held,
      Held,
    ];
    this.instants = [this.instant(a.now, this.began), this.instant(b.now, this.began)];
  }

  private move(event: PointerEvent): void {
    const held = this.held.get(event.pointerId);
    if (!held) return;
    held.now = this.pixel(event);
    if (this.kind === "pinch") this.pinch();
    else if (this.kind === "choose") this.world.choose(this.chosen(held));
    else if (this.kind === "pan" || Math.abs(held.now - held.x) >= DRAG_LEAST) {
      this.kind = "pan";
      const ms = ((held.x - held.now) / this.width()) * (this.began.to - this.began.from);
      this.world.show(panSpan(this.began, ms));
    }
  }

  private pinch(): void {
    const [a, b] = [...this.held.values()].map(({ now }) => now).sort((x, y) => x - y) as [
      number,
      number,
    ];
    const span = pinchSpan(this.instants, [a / this.width(), b / this.width()]);
    if (span) this.world.show(span);
  }

  private chosen({ x, now }: Held): [number, number] {
    const inside = (pixel: number) => Math.max(0, Math.min(this.width(), pixel));
    return [inside(Math.min(x, now)), inside(Math.max(x, now))];
  }

  private up(event: PointerEvent, whole: boolean): void {
    const held = this.held.get(event.pointerId);
    if (!held) return;
    this.held.delete(event.pointerId);
    const { kind } = this;
    if (kind === "choose") {
      this.world.choose(null);
      const [from, to] = this.chosen(held);
      if (whole && to - from >= CHOICE_LEAST) {
        const span = this.world.span();
        this.world.show({ from: this.instant(from, span), to: this.instant(to, span) });
        this.world.keep();
      }
    }
    if (this.held.size === 1 && kind === "pinch") {
      // One finger stays: it goes on moving from where it is.
      const [other] = this.held.values() as IterableIterator<Held>;
      if (other) other.x = other.now;
      this.began = this.world.span();
      this.kind = "pan";
      return;
    }
    this.kind = "none";
    if (kind === "pan" || kind === "pinch") this.world.keep();
    else if (whole && event.pointerType !== "mouse") this.world.point(held.now);
  }

  private wheel(event: WheelEvent): void {
    if (!this.world.takesWheel(event)) return;
    event.preventDefault();
    const unit = event.deltaMode === 1 ? LINE_PIXELS : event.deltaMode === 2 ? this.width() : 1;
    const [x, y] = [event.deltaX * unit, event.deltaY * unit];
    const span = this.world.span();
    const aside = event.shiftKey ? y || x : Math.abs(x) > Math.abs(y) ? x : 0;
    if (aside) this.world.show(panSpan(span, (aside / this.width()) * (span.to - span.from)));
    else {
      const turned = Math.max(-WHEEL_MOST, Math.min(WHEEL_MOST, y));
      const anchor = this.instant(this.pixel(event), span);
      this.world.show(zoomSpan(span, Math.exp(turned * WHEEL_ZOOM), anchor));
    }
    clearTimeout(this.rest);
    this.rest = window.setTimeout(() => this.world.keep(), WHEEL_REST_MS);
  }

  /** Away from where it was clicked twice. */
  private twice(event: MouseEvent): void {
    const span = this.world.span();
    this.world.show(zoomSpan(span, 3, this.instant(this.pixel(event), span)));
    this.world.keep();
  }
}

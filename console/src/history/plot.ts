/**
 * The drawing of a trend. uPlot has the axes, the scales and the cursor; lines, states, faults and limits are drawn
 * by us between its axes, for each point has times of its own. What is drawn is what the model says, as a whole,
 * once a frame at most.
 */
import uPlot from "uplot";
import "../style/plot.css";
import type { LimitKind, Limits } from "../api/types";
import { formatValue } from "../format";
import { t } from "../i18n";
import { drawFaults, drawFaultStrip, drawLine, drawStates, type Area, type Place } from "./draw";
import { Gestures } from "./gestures";
import { paletteOf, type Palette } from "./palette";
import type { Span } from "./range";
import { tickTexts } from "./ticks";
import { readingNear, type Reading, type Track } from "./track";

export interface PlotLine {
  track: Track;
  scale: string;
  color: string;
  pattern: number[];
}
export interface PlotScale {
  name: string;
  /** What stands above its axis. */
  title: string;
  /** Of its one line, where it has but one. */
  color: string | null;
  least: number;
  most: number;
  /** Whether there is room for its axis. */
  axis: boolean;
  share: boolean;
}
export interface PlotMark {
  from: number;
  to: number;
  kind: "note" | "correction";
}
export interface PlotModel {
  span: Span;
  lines: PlotLine[];
  scales: PlotScale[];
  limits: Limits;
  marks: PlotMark[];
  join: boolean;
  /** What holds, holds until here. */
  now: number;
}
export interface PlotWorld {
  span(): Span;
  show(span: Span): void;
  keep(): void;
  isChoosing(): boolean;
  takesWheel(event: WheelEvent): boolean;
  /** The instant under the cursor, null when it left. */
  point(time: number | null): void;
  /** There are other pixels than before. */
  resized(): void;
}

const LANE = 30; /* CSS pixels: a state's stripe */
const LANES_GAP = 6;
const X_AXIS = 42;
const AXIS_LEAST = 56;
const CROWD = 5; /* lines */
const HEIGHT_LEAST = 90;
const REACH = 24; /* pixels from the cursor to a sample that is meant */
const FONT = '12px system-ui, "Segoe UI", "Noto Sans", sans-serif';
const LIMIT_COLORS: Record<LimitKind, string> = {
  low_low: "--bad",
  low: "--warn",
  high: "--warn",
  high_high: "--bad",
};

const isState = ({ track }: PlotLine): boolean => track.kind === "state";

export class Plot {
  private plot: uPlot | null = null;
  private shape = "";
  /** What was told of the pixels. */
  private known = 0;
  private frame = 0;
  private cursor: number | null = null;
  private dots: HTMLElement[] = [];
  private readonly palette: Palette;
  private readonly watch: ResizeObserver;
  private gestures: Gestures | null = null;

  constructor(
    private readonly box: HTMLElement,
    private model: PlotModel,
    private readonly world: PlotWorld,
  ) {
    this.palette = paletteOf(box);
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(box);
    this.build();
  }

  destroy(): void {
    this.watch.disconnect();
    cancelAnimationFrame(this.frame);
    this.gestures?.end();
    this.plot?.destroy();
    this.box.replaceChildren();
  }

  /** Pixels of the screen between the axes: as many as a question may ask for. */
  get pixels(): number {
    return Math.max(1, Math.min(10_000, Math.round(this.plot?.bbox.width ?? 0)));
  }

  /** What lies between the axes, in CSS pixels; asking an element for it would have it laid out each time. */
  private get inside(): { width: number; height: number } {
    const { width = 1, height = 1 } = this.plot?.bbox ?? {};
    return { width: Math.max(1, width / devicePixelRatio), height: height / devicePixelRatio };
  }

  draw(model: PlotModel): void {
    this.model = model;
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.drawNow();
    });
  }

  /** The cursor by time, from the keyboard or from another trend. */
  pointAt(time: number | null): void {
    const { plot } = this;
    if (!plot) return;
    const { from, to } = this.model.span;
    const left = time === null ? -10 : ((time - from) / (to - from)) * this.inside.width;
    plot.setCursor({ left, top: time === null ? -10 : 1 });
  }

  /** What the cursor means of this track. */
  reading(track: Track, time: number): Reading | null {
    const { from, to } = this.model.span;
    return readingNear(track, time, (REACH * (to - from)) / this.inside.width);
  }

  private resize(): void {
    const { plot, box } = this;
    if (!plot || !box.clientWidth) return;
    const [width, height] = [box.clientWidth, Math.max(HEIGHT_LEAST, box.clientHeight)];
    if (plot.width === width && plot.height === height) return;
    plot.setSize({ width, height });
    this.tellPixels();
  }

  private tellPixels(): void {
    const { pixels } = this;
    if (pixels === this.known) return;
    this.known = pixels;
    this.world.resized();
  }

  private drawNow(): void {
    if (this.shapeNow() !== this.shape) this.build();
    const { plot, model } = this;
    if (!plot) return;
    plot.batch(() => {
      plot.setScale("x", { min: model.span.from, max: model.span.to });
      for (const { name, least, most } of model.scales)
        plot.setScale(name, { min: least, max: most });
      plot.redraw(false, true);
    });
    this.drawDots();
    this.tellPixels();
  }

  /** What cannot change without building anew: the axes, and the room for states. */
  private shapeNow(): string {
    const { scales, lines } = this.model;
    const axes = scales.map(({ name, title, color, axis, share }) => [
      name,
      title,
      color,
      axis,
      share,
    ]);
    return JSON.stringify([axes, lines.filter(isState).length]);
  }

  /** Nothing but states: they stand between the axes themselves. */
  private isFlat(): boolean {
    return this.model.scales.length === 0 && this.model.lines.some(isState);
  }

  private lanes(): number {
    const states = this.model.lines.filter(isState).length;
    return states && !this.isFlat() ? states * LANE + LANES_GAP : 0;
  }

  private build(): void {
    this.shape = this.shapeNow();
    const time = this.cursor;
    this.gestures?.end();
    this.plot?.destroy();
    const { span, scales, lines } = this.model;
    // As high as its states, where there is nothing else.
    this.box.classList.toggle("trend-flat", this.isFlat());
    this.box.style.setProperty("--states", String(lines.filter(isState).length));
    const names = scales.length ? scales.map(({ name }) => name) : ["y"];
    const data = [[span.from, span.to], ...names.map(() => [null, null])] as uPlot.AlignedData;
    this.plot = new uPlot(this.options(names), data, this.box);
    this.dots = [];
    const { over } = this.plot;
    over.style.touchAction = "pan-y";
    this.gestures = new Gestures(over, {
      ...this.world,
      point: (pixel) => this.plot?.setCursor({ left: pixel, top: 1 }),
      choose: (pixels) => this.showChoice(pixels),
    });
    if (time !== null) this.pointAt(time);
    this.drawNowLater();
  }

  private drawNowLater(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.drawNow();
    });
  }

  private showChoice(pixels: [number, number] | null): void {
    const { height } = this.inside;
    const [from, to] = pixels ?? [0, 0];
    this.plot?.setSelect({ left: from, width: to - from, top: 0, height: pixels ? height : 0 });
  }

  private options(names: string[]): uPlot.Options {
    const { box, model, palette } = this;
    const lanes = this.lanes();
    box.style.setProperty("--lanes", `${lanes ? lanes + X_AXIS : 0}px`);
    const flat = this.isFlat();
    return {
      width: Math.max(120, box.clientWidth),
      height: Math.max(HEIGHT_LEAST, box.clientHeight),
      padding: [model.scales.some(({ title }) => title) ? 22 : 10, 10, lanes, flat ? 12 : 0],
      ms: 1,
      legend: { show: false },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: false, y: false, setScale: false },
        bind: { dblclick: () => null, mousedown: () => null, mouseup: () => null },
      },
      select: { show: true, left: 0, top: 0, width: 0, height: 0 },
      scales: {
        x: { time: true, auto: false },
        ...Object.fromEntries(names.map((name) => [name, { auto: false, range: [0, 1] }])),
      },
      series: [{}, ...names.map((scale) => ({ scale, paths: () => null }))],
      axes: [this.timeAxis(), ...(flat ? [{ show: false }] : this.valueAxes())],
      hooks: {
        draw: [(plot) => this.paint(plot)],
        setCursor: [(plot) => this.told(plot)],
        init: [
          (plot) => {
            plot.over.style.setProperty("--choice", palette.color("--accent"));
          },
        ],
      },
    };
  }

  private axisLook() {
    const { palette } = this;
    return {
      stroke: palette.color("--text-3"),
      font: FONT,
      grid: { stroke: palette.color("--border"), width: 1 },
      ticks: { show: false },
    };
  }

  private timeAxis(): uPlot.Axis {
    return {
      ...this.axisLook(),
      scale: "x",
      size: X_AXIS,
      space: 76,
      gap: 6,
      values: (_plot, ticks, _axis, _space, apart) => tickTexts(ticks, apart),
    };
  }

  private valueAxes(): uPlot.Axis[] {
    return this.model.scales
      .filter(({ axis }) => axis)
      .map(({ name, color, share }, place) => ({
        ...this.axisLook(),
        scale: name,
        side: place % 2 ? 1 : 3,
        ...(color ? { stroke: this.palette.color(color) } : {}),
        ...(place ? { grid: { show: false } } : {}),
        size: (_plot: uPlot, values: string[] | null) => {
          const longest = Math.max(3, ...(values ?? []).map((text) => text.length));
          // Of one size mostly, so that what was asked for fits when it is drawn.
          return Math.max(AXIS_LEAST, Math.ceil((longest * 7 + 16) / 8) * 8);
        },
        values: (_plot: uPlot, ticks: number[]) =>
          ticks.map((tick) =>
            share ? `${Math.round(tick * 100)} %` : formatValue(tick, "float64"),
          ),
      }));
  }

  /** Where things are, in pixels of the canvas. */
  private area(plot: uPlot): Area {
    const { left, top, width, height } = plot.bbox;
    const { span } = this.model;
    return { left, top, width, height, ...span, ratio: devicePixelRatio };
  }

  private placeOf(scale: PlotScale, area: Area): Place {
    const per = area.height / (scale.most - scale.least || 1);
    return (value) => area.top + area.height - (value - scale.least) * per;
  }

  private paint(plot: uPlot): void {
    const { ctx } = plot;
    const { model, palette } = this;
    const area = this.area(plot);
    ctx.save();
    ctx.beginPath();
    ctx.rect(area.left, area.top, area.width, area.height);
    ctx.clip();
    const lines = model.lines.filter((line) => !isState(line));
    const end = Math.min(model.now, model.span.to);
    if (lines.length === 1 && lines[0]) drawFaults(ctx, area, lines[0].track, end, palette);
    else lines.forEach(({ track }, row) => drawFaultStrip(ctx, area, track, end, row, palette));
    for (const line of lines) {
      const scale = model.scales.find(({ name }) => name === line.scale);
      if (!scale) continue;
      const alone = lines.length === 1 && line.track.kind === "line";
      drawLine(ctx, area, line.track, this.placeOf(scale, area), {
        color: palette.color(line.color),
        fill: alone ? palette.color("--accent-weak") : null,
        pattern: line.pattern,
        join: model.join,
        crowded: lines.length > CROWD,
        end,
      });
    }
    this.paintLimits(ctx, area);
    this.paintMarks(ctx, area);
    ctx.restore();
    this.paintLanes(ctx, area);
    this.paintTitles(ctx, area);
  }

  private paintLanes(ctx: CanvasRenderingContext2D, area: Area): void {
    const { model, palette } = this;
    const flat = this.isFlat();
    const states = model.lines.filter(isState);
    const height = flat ? area.height / states.length : LANE * area.ratio;
    const bottom = flat ? area.top : area.top + area.height + (X_AXIS + LANES_GAP) * area.ratio;
    const end = Math.min(model.now, model.span.to);
    states.forEach(({ track, color }, row, all) => {
      const lane = { ...area, top: bottom + row * height, height: height - 4 * area.ratio };
      drawStates(ctx, lane, track, end, palette, all.length > 1 ? palette.color(color) : null);
    });
  }

  private paintLimits(ctx: CanvasRenderingContext2D, area: Area): void {
    const scale = this.model.scales[0];
    if (!scale) return;
    const place = this.placeOf(scale, area);
    const { ratio } = area;
    for (const [kind, limit] of Object.entries(this.model.limits) as [LimitKind, number][]) {
      const y = Math.round(place(limit)) + 0.5;
      if (y < area.top || y > area.top + area.height) continue;
      ctx.save();
      ctx.strokeStyle = ctx.fillStyle = this.palette.color(LIMIT_COLORS[kind]);
      ctx.lineWidth = ratio;
      ctx.setLineDash([6 * ratio, 4 * ratio]);
      ctx.beginPath();
      ctx.moveTo(area.left, y);
      ctx.lineTo(area.left + area.width, y);
      ctx.stroke();
      ctx.font = `${11 * ratio}px system-ui, sans-serif`;
      ctx.textAlign = "left";
      ctx.textBaseline = "alphabetic";
      const text = `${t(`limit.${kind}`)} ${formatValue(limit, "float64")}`;
      ctx.fillText(text, area.left + 6 * ratio, y - 4 * ratio);
      ctx.restore();
    }
  }

  private paintMarks(ctx: CanvasRenderingContext2D, area: Area): void {
    const { ratio } = area;
    const x = (time: number) =>
      area.left + ((time - area.from) / (area.to - area.from)) * area.width;
    for (const { from, to, kind } of this.model.marks) {
      if (to < area.from || from > area.to) continue;
      const [begin, end] = [x(from), x(to)];
      ctx.fillStyle = this.palette.color(kind === "note" ? "--info" : "--warn");
      ctx.globalAlpha = 0.12;
      ctx.fillRect(begin, area.top, Math.max(ratio, end - begin), area.height);
      ctx.globalAlpha = 1;
      ctx.fillRect(begin, area.top, Math.max(ratio, end - begin), 3 * ratio);
      ctx.beginPath();
      // A flag for what was noted, a diamond for what was corrected.
      const size = 6 * ratio;
      if (kind === "note") {
        ctx.moveTo(begin - size, area.top);
        ctx.lineTo(begin + size, area.top);
        ctx.lineTo(begin, area.top + 1.6 * size);
      } else {
        ctx.moveTo(begin, area.top);
        ctx.lineTo(begin + size, area.top + size);
        ctx.lineTo(begin, area.top + 2 * size);
        ctx.lineTo(begin - size, area.top + size);
      }
      ctx.fill();
    }
  }

  /** Units above their axes. */
  private paintTitles(ctx: CanvasRenderingContext2D, area: Area): void {
    const { ratio } = area;
    const { plot, palette } = this;
    ctx.save();
    ctx.font = `600 ${12 * ratio}px system-ui, sans-serif`;
    ctx.textBaseline = "alphabetic";
    const shown = this.model.scales.filter(({ axis }) => axis);
    // From the outer edge of its axis inwards, so that a long one stands over the drawing.
    let [left, right] = [area.left, area.left + area.width];
    shown.forEach(({ title, color }, place) => {
      const isRight = place % 2 === 1;
      const size = this.axisSize(plot, place) * ratio;
      if (isRight) right += size;
      else left -= size;
      ctx.textAlign = isRight ? "right" : "left";
      ctx.fillStyle = palette.color(color ?? "--text-2");
      const x = isRight ? right - 4 * ratio : left + 4 * ratio;
      ctx.fillText(title, x, area.top - 9 * ratio);
    });
    ctx.restore();
  }

  private axisSize(plot: uPlot | null, place: number): number {
    const axis = plot?.axes[place + 1] as { _size?: number } | undefined;
    return axis?._size ?? 0;
  }

  private told(plot: uPlot): void {
    const left = plot.cursor.left ?? -1;
    const { width } = this.inside;
    const { from, to } = this.model.span;
    this.cursor = left >= 0 && left <= width ? from + (left / width) * (to - from) : null;
    this.drawDots();
    this.world.point(this.cursor);
  }

  /** A dot on each sample that the cursor means: elements, so that the drawing stays as it is. */
  private drawDots(): void {
    const { plot, model, cursor } = this;
    if (!plot) return;
    const lines = model.lines.filter((line) => !isState(line));
    while (this.dots.length < lines.length) {
      const dot = document.createElement("i");
      dot.className = "trend-dot";
      plot.over.append(dot);
      this.dots.push(dot);
    }
    const { width, height } = this.inside;
    this.dots.forEach((dot, at) => {
      const line = lines[at];
      const scale = line && model.scales.find(({ name }) => name === line.scale);
      const reading = cursor !== null && line ? this.reading(line.track, cursor) : null;
      const shown = scale && reading && reading.height !== null && cursor !== null;
      dot.hidden = !shown;
      if (!shown || reading.height === null || !line) return;
      const time = line.track.kind === "line" ? reading.time : cursor;
      const x = ((time - model.span.from) / (model.span.to - model.span.from)) * width;
      const y = height * (1 - (reading.height - scale.least) / (scale.most - scale.least || 1));
      dot.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
      dot.style.background = this.palette.color(line.color);
    });
  }
}

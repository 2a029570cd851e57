/** The last minutes of a number, without axes. */
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

export interface Sample {
  at: number; /* ms */
  value: number;
}

interface Shape {
  line: string;
  area: string;
}

/** From the width's ms ago at the left to now at the right; zero at the bottom. */
export function sparkShape(
  samples: Sample[],
  now: number,
  spanMs: number,
  width: number,
  height: number,
): Shape | null {
  const shown = samples.filter((sample) => sample.at >= now - spanMs);
  const first = shown[0];
  const last = shown[shown.length - 1];
  if (!first || !last || shown.length < 2) return null;
  const most = Math.max(1e-9, ...shown.map((sample) => sample.value)) * 1.1;
  const x = (at: number) => (width * (1 - (now - at) / spanMs)).toFixed(1);
  const y = (value: number) => (height - 1 - (height - 3) * (value / most)).toFixed(1);
  const line = shown.map(({ at, value }, i) => `${i ? "L" : "M"}${x(at)} ${y(value)}`).join("");
  return { line, area: `${line}L${x(last.at)} ${height}L${x(first.at)} ${height}Z` };
}

export function Sparkline(props: {
  samples: Sample[];
  spanMs: number;
  height: number;
  label: string;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const id = useId();
  useLayoutEffect(() => {
    const element = box.current as HTMLDivElement;
    const watch = new ResizeObserver(() => setWidth(element.clientWidth));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  const now = props.samples[props.samples.length - 1]?.at ?? 0;
  const shape = width ? sparkShape(props.samples, now, props.spanMs, width, props.height) : null;
  return (
    <div ref={box} class="spark" role="img" aria-label={props.label}>
      <svg width={width} height={props.height} aria-hidden="true">
        <defs>
          <linearGradient id={id} x1="0" y1="0" x2="0" y2="1">
            <stop class="spark-top" offset="0" />
            <stop class="spark-bottom" offset="1" />
          </linearGradient>
        </defs>
        {shape && <path fill={`url(#${id})`} d={shape.area} />}
        {shape && <path class="spark-line" d={shape.line} />}
      </svg>
    </div>
  );
}

/** Which line is which point, what it says under the cursor, and buttons to hide it or take it out. */
import { useEffect } from "preact/hooks";
import { formatValue } from "../format";
import { th } from "../i18n/history";
import { pointAddress } from "../router";
import { Button } from "../ui/parts";
import type { TrendState } from "./model";
import { lineColor, linePattern } from "./palette";
import { readingLast, type Track } from "./track";
import type { View } from "./view";

/** A piece of the line as it is drawn: its pattern tells it where its colour does not. */
function Swatch({ place }: { place: number }) {
  const pattern = linePattern(place).join(" ");
  return (
    <svg class="swatch-line" width="26" height="10" aria-hidden="true">
      <line
        x1="1"
        y1="5"
        x2="25"
        y2="5"
        style={{ stroke: `var(${lineColor(place)})` }}
        stroke-dasharray={pattern || undefined}
      />
    </svg>
  );
}

function lastText(track: Track | undefined): string {
  const reading = track && readingLast(track);
  if (!reading) return "";
  return [formatValue(reading.value, track.type, true), track.unit].filter(Boolean).join(" ");
}

function Row(props: {
  path: string;
  place: number;
  track: Track | undefined;
  hidden: boolean;
  unknown: boolean;
  cells: Map<string, HTMLElement>;
  onToggle: () => void;
  onRemove: (() => void) | undefined;
}) {
  const { path, track, hidden, cells } = props;
  const slash = path.lastIndexOf("/") + 1;
  return (
    <li class={`legend-row${hidden ? " legend-hidden" : ""}`}>
      <button
        type="button"
        class="legend-toggle"
        aria-pressed={!hidden}
        title={hidden ? th("legend.show") : th("legend.hide")}
        onClick={props.onToggle}
      >
        <Swatch place={props.place} />
        <span class="legend-name">
          <span class="legend-branch">{path.slice(0, slash)}</span>
          <wbr />
          {path.slice(slash)}
        </span>
      </button>
      <span
        class="legend-value number"
        ref={(cell) => {
          if (cell) cells.set(path, cell);
          else cells.delete(path);
        }}
      >
        {props.unknown ? th("legend.unknown") : lastText(track)}
      </span>
      <span class="legend-tools">
        <a
          class="button button-quiet button-icon"
          href={pointAddress(path)}
          title={th("legend.open")}
        >
          <span class="hidden">{th("legend.open.point", { path })}</span>
          <svg class="icon" width="16" height="16" viewBox="0 0 24 24" aria-hidden="true">
            <path d="M14 4h6v6M20 4l-9 9M18 14v6H4V6h6" />
          </svg>
        </a>
        {props.onRemove && (
          <Button
            kind="quiet"
            icon="close"
            label={th("legend.remove", { path })}
            onClick={props.onRemove}
          />
        )}
      </span>
    </li>
  );
}

export function Legend(props: {
  view: View;
  state: TrendState;
  cells: Map<string, HTMLElement>;
  onView: (view: View) => void;
  onRemove?: (path: string) => void;
}) {
  const { view, state, onView, onRemove } = props;
  const tracks = new Map(state.tracks?.map((track) => [track.path, track]));
  // A cell is written to as the cursor goes; what stands in it after an answer is the newest.
  useEffect(() => {
    for (const [path, cell] of props.cells) {
      const track = tracks.get(path);
      if (track) cell.textContent = lastText(track);
    }
  }, [state.tracks]);
  const toggle = (path: string) => {
    const hidden = view.hidden.includes(path)
      ? view.hidden.filter((other) => other !== path)
      : [...view.hidden, path];
    onView({ ...view, hidden });
  };
  return (
    <ul class="legend-list" aria-label={th("legend.label")}>
      {view.paths.map((path, place) => (
        <Row
          key={path}
          path={path}
          place={place}
          track={tracks.get(path)}
          hidden={view.hidden.includes(path)}
          unknown={state.unknown.includes(path)}
          cells={props.cells}
          onToggle={() => toggle(path)}
          onRemove={onRemove && (() => onRemove(path))}
        />
      ))}
    </ul>
  );
}

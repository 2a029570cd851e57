/** How a trend is drawn: axes, gaps, and what dragging does. */
import type { ComponentChildren } from "preact";
import { th } from "../i18n/history";
import { Icon } from "../ui/icon";
import { AXES, type Axes, type View } from "./view";

export function Options(props: {
  view: View;
  onView: (view: View) => void;
  choosing: boolean;
  onChoosing: (choosing: boolean) => void;
  tools: ComponentChildren;
  help: boolean;
  onHelp: (help: boolean) => void;
}) {
  const { view, onView, choosing } = props;
  return (
    <div class="board-options">
      {view.paths.length > 1 && (
        <label class="option-axes">
          <span class="hidden">{th("axes.label")}</span>
          <select
            value={view.axes}
            onChange={(event) => onView({ ...view, axes: event.currentTarget.value as Axes })}
          >
            {AXES.map((name) => (
              <option key={name} value={name}>
                {th(`axes.${name}`)}
              </option>
            ))}
          </select>
        </label>
      )}
      <button
        type="button"
        class="chip"
        aria-pressed={choosing}
        title={th("option.choose.title")}
        onClick={() => props.onChoosing(!choosing)}
      >
        <Icon name="select" size={15} />
        <span>{th("option.choose")}</span>
      </button>
      <button
        type="button"
        class="chip"
        aria-pressed={view.join}
        title={th("option.join.title")}
        onClick={() => onView({ ...view, join: !view.join })}
      >
        {th("option.join")}
      </button>
      {props.tools}
      <button
        type="button"
        class="chip chip-help"
        aria-label={th("option.help")}
        aria-expanded={props.help}
        aria-controls="trend-help"
        title={th("option.help")}
        onClick={() => props.onHelp(!props.help)}
      >
        ?
      </button>
    </div>
  );
}

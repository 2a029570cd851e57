/** What a widget shows: points, span, ends, text, place. */
import { useState } from "preact/hooks";
import { MINUTES, WANTS, type Widget } from "../boards/widgets";
import { formatDuration } from "../format";
import { AddPoints } from "../history/add-points";
import { ts } from "../i18n/assets";
import { t } from "../i18n";
import { Dialog, Field } from "../ui/dialog";
import { Button } from "../ui/parts";
import { TextField } from "./access-parts";

function Points(props: { widget: Widget; onPaths: (paths: string[]) => void }) {
  const { widget, onPaths } = props;
  const most = WANTS[widget.kind].paths;
  return (
    <fieldset class="widget-points">
      <legend>{ts("widget.points")}</legend>
      {widget.paths.length < most && (
        <AddPoints
          paths={widget.paths}
          most={most}
          onAdd={(paths) => onPaths([...widget.paths, ...paths].slice(0, most))}
        />
      )}
      <ul>
        {widget.paths.map((path) => (
          <li key={path}>
            <code>{path}</code>
            <Button
              icon="close"
              kind="quiet"
              label={ts("widget.point.remove", { name: path })}
              onClick={() => onPaths(widget.paths.filter((other) => other !== path))}
            />
          </li>
        ))}
      </ul>
    </fieldset>
  );
}

function NumberField(props: {
  label: string;
  hint?: string;
  value: number | undefined;
  onValue: (value: number | undefined) => void;
}) {
  const [text, setText] = useState(props.value === undefined ? "" : String(props.value));
  const wrong = text.trim() !== "" && !Number.isFinite(Number(text));
  return (
    <TextField
      label={props.label}
      {...(props.hint ? { hint: props.hint } : {})}
      {...(wrong ? { error: t("number.wrong") } : {})}
      value={text}
      onInput={(next) => {
        setText(next);
        const value = next.trim() === "" ? undefined : Number(next);
        props.onValue(value !== undefined && Number.isFinite(value) ? value : undefined);
      }}
    />
  );
}

/** Without what is not said: a board is kept as it is written. */
function put(widget: Widget, name: keyof Widget, value: unknown): Widget {
  const next = { ...widget, [name]: value };
  if (value === undefined || value === "") delete next[name];
  return next as Widget;
}

function Span({ widget, onWidget }: { widget: Widget; onWidget: (widget: Widget) => void }) {
  return (
    <Field label={ts("widget.span")}>
      {(id) => (
        <select
          id={id}
          value={String(widget.minutes)}
          onChange={(event) => onWidget(put(widget, "minutes", Number(event.currentTarget.value)))}
        >
          {MINUTES.map((minutes) => (
            <option key={minutes} value={String(minutes)}>
              {formatDuration(minutes * 60)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function WidgetDialog(props: {
  widget: Widget;
  onDone: (widget: Widget) => void;
  onClose: () => void;
}) {
  const [widget, setWidget] = useState(props.widget);
  const { kind } = widget;
  const set = (name: keyof Widget, value: unknown) => setWidget((old) => put(old, name, value));
  const ends = kind === "gauge" || kind === "bars";
  return (
    <Dialog
      title={ts(`widget.${kind}`)}
      submit={ts("widget.done")}
      onSubmit={() => props.onDone(widget)}
      onClose={props.onClose}
    >
      <TextField
        label={ts("title")}
        value={widget.title}
        onInput={(title) => setWidget({ ...widget, title })}
      />
      {WANTS[kind].paths > 0 && !widget.match && (
        <Points widget={widget} onPaths={(paths) => setWidget({ ...widget, paths })} />
      )}
      {kind === "table" && widget.paths.length === 0 && (
        <TextField
          label={ts("widget.match")}
          hint={ts("widget.match.hint")}
          code
          value={widget.match ?? ""}
          onInput={(match) => set("match", match)}
        />
      )}
      {WANTS[kind].minutes !== undefined && <Span widget={widget} onWidget={setWidget} />}
      {ends && (
        <div class="field-grid">
          <NumberField
            label={ts("widget.least")}
            value={widget.least}
            onValue={(value) => set("least", value)}
          />
          <NumberField
            label={ts("widget.most")}
            value={widget.most}
            onValue={(value) => set("most", value)}
          />
        </div>
      )}
      {kind === "text" && (
        <Field label={ts("widget.text")} hint={ts("widget.text.hint")}>
          {(id) => (
            <textarea
              id={id}
              rows={8}
              value={widget.text ?? ""}
              onInput={(event) => set("text", event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      {kind === "map" && (
        <div class="field-grid">
          <NumberField
            label={ts("place.latitude")}
            value={widget.latitude}
            onValue={(value) => set("latitude", value)}
          />
          <NumberField
            label={ts("place.longitude")}
            value={widget.longitude}
            onValue={(value) => set("longitude", value)}
          />
          <NumberField
            label={ts("widget.zoom")}
            value={widget.zoom}
            onValue={(value) => set("zoom", value)}
          />
        </div>
      )}
    </Dialog>
  );
}

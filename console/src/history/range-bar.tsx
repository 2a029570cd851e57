/** Which times: buttons for the usual ones, a calendar for any, steps and zoom for who uses no mouse. */
import { useState } from "preact/hooks";
import { serverNow } from "../api/clock";
import { th } from "../i18n/history";
import { Dialog, Field } from "../ui/dialog";
import { Button } from "../ui/parts";
import {
  lastOf,
  LENGTHS,
  lengthText,
  panSpan,
  rangeOf,
  zoomSpan,
  type Range,
  type Span,
} from "./range";
import { calendarSpans, fieldText, fieldTime, spanText } from "./range-text";

function Calendar(props: { span: Span; onPick: (span: Span) => void; onClose: () => void }) {
  const [from, setFrom] = useState(fieldText(props.span.from));
  const [to, setTo] = useState(fieldText(props.span.to));
  const [begin, end] = [fieldTime(from), fieldTime(to)];
  const isWrong = begin === undefined || end === undefined || begin >= end;
  const field = (label: string, value: string, set: (value: string) => void) => (
    <Field label={label}>
      {(id) => (
        <input
          id={id}
          type="datetime-local"
          step="1"
          value={value}
          onInput={(event) => set(event.currentTarget.value)}
        />
      )}
    </Field>
  );
  return (
    <Dialog
      title={th("range.calendar")}
      text={th("range.calendar.text")}
      submit={th("range.show")}
      disabled={isWrong}
      onSubmit={() => {
        if (begin !== undefined && end !== undefined) props.onPick({ from: begin, to: end });
      }}
      onClose={props.onClose}
    >
      <div class="chips">
        {calendarSpans(Date.now()).map(({ name, span }) => (
          <button
            key={name}
            type="button"
            class="chip"
            onClick={() => {
              setFrom(fieldText(span.from));
              setTo(fieldText(span.to));
            }}
          >
            {th(`range.${name}`)}
          </button>
        ))}
      </div>
      <div class="range-fields">
        {field(th("range.from"), from, setFrom)}
        {field(th("range.to"), to, setTo)}
      </div>
      {isWrong && <p class="field-error">{th("range.wrong")}</p>}
    </Dialog>
  );
}

export function RangeBar(props: {
  range: Range;
  /** What is shown now. */
  span: () => Span;
  onRange: (range: Range) => void;
}) {
  const { range, onRange } = props;
  const [open, setOpen] = useState(false);
  const chosen = range.kind === "last" ? lengthText(range.ms) : range.kind;
  const isNamed = LENGTHS.some(({ name }) => name === chosen) || chosen === "all";
  const to = (span: Span) => onRange(rangeOf(span, serverNow()));
  const zoom = (factor: number) => {
    const span = props.span();
    // What ends now goes on ending now.
    if (range.kind === "last") onRange(lastOf(range.ms * factor));
    else to(zoomSpan(span, factor, (span.from + span.to) / 2));
  };
  const step = (share: number) => {
    const span = props.span();
    to(panSpan(span, (span.to - span.from) * share));
  };
  return (
    <div class="range-bar">
      <div class="segmented" role="group" aria-label={th("range.label")}>
        {LENGTHS.map(({ name, ms }) => (
          <button
            key={name}
            type="button"
            aria-pressed={chosen === name}
            onClick={() => onRange({ kind: "last", ms })}
          >
            {th(`range.${name}`)}
          </button>
        ))}
        <button
          type="button"
          aria-pressed={chosen === "all"}
          onClick={() => onRange({ kind: "all" })}
        >
          {th("range.all")}
        </button>
      </div>
      <button
        type="button"
        class={`range-between${isNamed ? "" : " range-chosen"}`}
        onClick={() => setOpen(true)}
      >
        {isNamed ? th("range.calendar") : spanText(range, props.span())}
      </button>
      <div class="range-steps">
        <Button kind="quiet" icon="back" label={th("range.earlier")} onClick={() => step(-0.5)} />
        <Button kind="quiet" icon="chevron" label={th("range.later")} onClick={() => step(0.5)} />
        <Button kind="quiet" icon="minus" label={th("range.out")} onClick={() => zoom(2)} />
        <Button kind="quiet" icon="plus" label={th("range.in")} onClick={() => zoom(0.5)} />
        {range.kind !== "last" && (
          <Button
            kind="quiet"
            icon="live"
            onClick={() => {
              const span = props.span();
              onRange(lastOf(span.to - span.from));
            }}
          >
            {th("range.now")}
          </Button>
        )}
      </div>
      {open && (
        <Calendar
          span={props.span()}
          onPick={(span) => {
            setOpen(false);
            onRange({ kind: "between", span });
          }}
          onClose={() => setOpen(false)}
        />
      )}
    </div>
  );
}

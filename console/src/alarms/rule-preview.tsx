/** What a rule would have said of the past: how often, of how many points, and where. */
import { useEffect, useRef, useState } from "preact/hooks";
import { serverNow } from "../api/clock";
import { Problem } from "../api/http";
import { previewRule, type RulePreview, type RuleWords } from "../api/rules";
import { formatCount, formatDuration, formatTime, formatValue } from "../format";
import { trendsAddress, viewOf } from "../history/view";
import { tr } from "../i18n/rules";
import { DeedNote } from "../pages/people-parts";
import { Icon } from "../ui/icon";
import { Name } from "../ui/name";
import { Badge, Button, Card, Segmented, Time } from "../ui/parts";
import { faultOf } from "./fault";

const SPANS = ["day", "week", "month", "year"] as const;
const DAYS = { day: 1, week: 7, month: 30, year: 365 } as const;
const DAY_MS = 86_400_000;
const MARGIN_LEAST_MS = 300_000;

type Example = RulePreview["examples"][number];

/** The trend around an example. */
function exampleAddress({ path, from, to }: Example): string {
  const begin = Date.parse(from);
  const end = to ? Date.parse(to) : begin;
  const margin = Math.max(MARGIN_LEAST_MS, end - begin);
  return trendsAddress({
    ...viewOf(path ? [path] : []),
    range: { kind: "between", span: { from: begin - margin, to: end + margin } },
  });
}

function Examples({ examples }: { examples: Example[] }) {
  return (
    <ul class="examples">
      {examples.map((example, at) => (
        <li key={at}>
          <a href={exampleAddress(example)}>
            <Time time={example.from} />
            {example.to && (
              <span class="faint">
                {" "}
                {formatDuration((Date.parse(example.to) - Date.parse(example.from)) / 1000)}
              </span>
            )}
            <Icon name="trends" size={14} />
          </a>
          <span>
            <Name text={example.path ?? ""} />{" "}
            <span class="faint">{example.why || formatValue(example.value, "float64")}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

export function RulePreviewCard(props: {
  /** null: it is not whole yet. */
  words: RuleWords | null;
  onError: (error: unknown) => void;
}) {
  const { words } = props;
  const [span, setSpan] = useState<(typeof SPANS)[number]>("month");
  const [answer, setAnswer] = useState<{ key: string; preview: RulePreview; from: string }>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const key = `${span} ${JSON.stringify(words)}`;
  const run = async () => {
    if (!words) return;
    abort.current?.abort();
    const control = new AbortController();
    abort.current = control;
    setBusy(true);
    setError(undefined);
    props.onError(undefined);
    const to = serverNow();
    const from = new Date(to - DAYS[span] * DAY_MS).toISOString();
    try {
      const preview = await previewRule(words, from, new Date(to).toISOString(), control.signal);
      setAnswer({ key, preview, from });
    } catch (found) {
      if (control.signal.aborted) return;
      // A fault of the condition is shown where it is.
      if (found instanceof Problem && faultOf(found.body)) props.onError(found);
      else setError(found);
    }
    setBusy(false);
  };
  const preview = answer?.preview;
  const old = answer !== undefined && answer.key !== key;
  return (
    <Card title={tr("preview.title")} class="preview">
      <p class="card-text">{tr("preview.text")}</p>
      <div class="card-tools">
        <Segmented
          label={tr("preview.span")}
          value={span}
          options={SPANS.map((value) => ({ value, text: tr(`preview.span.${value}`) }))}
          onChange={setSpan}
        />
        <Button icon="play" kind="primary" busy={busy} disabled={!words} onClick={() => void run()}>
          {tr("preview.run")}
        </Button>
      </div>
      {!words && <p class="hint">{tr("preview.incomplete")}</p>}
      <DeedNote error={error} />
      {answer && preview && (
        <div class={`preview-done${old ? " preview-old" : ""}`} role="status">
          <p class="preview-times">
            <strong>
              {tr("preview.times", { count: preview.times, shown: formatCount(preview.times) })}
            </strong>{" "}
            <span class="faint">
              {tr("preview.since", {
                time: formatTime(answer.from),
                count: preview.points,
                shown: formatCount(preview.points),
              })}
            </span>
          </p>
          {preview.cut && <Badge tone="warn">{tr("preview.cut")}</Badge>}
          {old && <p class="hint">{tr("preview.old")}</p>}
          {preview.examples.length > 0 && <Examples examples={preview.examples} />}
        </div>
      )}
    </Card>
  );
}

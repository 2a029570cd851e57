/** Assets in and out as files: what a file would do is said before it is done. */
import { useState } from "preact/hooks";
import { decodeSheet } from "../access/csv";
import { withQuery } from "../api/http";
import {
  importing,
  startImport,
  stopImport,
  tryImport,
  type ImportState,
  type Refused,
} from "../assets/import";
import { assetTree } from "../assets/tree";
import { FilePick, ProgressLine } from "../assets/parts";
import { formatCount, formatShare, NOTHING } from "../format";
import { RowGrid } from "../history/row-grid";
import { ts } from "../i18n/assets";
import { useStore } from "../store";
import "../style/history.css";
import { Downloads } from "../ui/download";
import { Badge, Button, Card, ProblemNote, Snippet } from "../ui/parts";
import { TextField } from "./access-parts";

const EXAMPLE =
  "path,title,type,level,longitude,latitude,attr:maker\n" +
  "acme,Acme,,enterprise,,,\nacme/pumps/p-1,Pump 1,pump,unit,121.47,31.23,Grundfos\n";

function Refusals({ refused }: { refused: Refused[] }) {
  const [active, setActive] = useState(-1);
  return (
    <div class="tall-grid results-grid">
      <RowGrid
        label={ts("import.refused")}
        columns={(["line", "path", "why"] as const).map((name) => ({
          name,
          title: ts(`file.column.asset_${name}`),
          number: name === "line",
        }))}
        widths="64px minmax(120px, 1fr) minmax(200px, 3fr)"
        least={480}
        count={refused.length}
        cells={(row) => {
          const one = refused[row];
          if (!one) return undefined;
          return [
            one.line ?? NOTHING,
            one.path ?? "",
            <span title={one.detail}>{one.detail}</span>,
          ];
        }}
        active={active}
        onActive={setActive}
      />
    </div>
  );
}

const COUNTS = ["made", "changed", "same"] as const;

function Outcome({ state }: { state: ImportState }) {
  const { answer, phase } = state;
  return (
    <p class="badges" role="status">
      {COUNTS.map((name) => (
        <Badge key={name} tone={name === "same" ? "plain" : "good"}>
          {ts(phase === "tried" ? `file.would.${name}` : `file.did.${name}`, {
            number: formatCount(answer[name]),
          })}
        </Badge>
      ))}
      <Badge tone={answer.refused.length ? "bad" : "plain"}>
        {ts("file.refused.count", { number: formatCount(answer.refused.length) })}
      </Badge>
    </p>
  );
}

function Running({ state }: { state: ImportState }) {
  const { phase, share } = state;
  const percent = { share: formatShare(share) };
  if (phase === "trying")
    return <ProgressLine share={share < 1 ? share : undefined} text={ts("file.trying", percent)} />;
  if (phase === "sending")
    return <ProgressLine share={share || undefined} text={ts("file.sending", percent)} />;
  return null;
}

function Import({ state }: { state: ImportState }) {
  const { phase, answer, problem, kind, stopping } = state;
  const isRunning = phase === "trying" || phase === "sending";
  return (
    <Card
      title={state.file}
      aside={
        kind !== "json" && (
          <span>{ts("file.rows.count", { number: formatCount(state.total) })}</span>
        )
      }
    >
      <div class="stacked">
        <Running state={state} />
        <ProblemNote problem={problem} />
        {problem?.away && <p class="field-error">{ts("file.lost")}</p>}
        {(phase !== "trying" || answer.made > 0) && !(problem && phase === "tried") && (
          <Outcome state={state} />
        )}
        {phase === "tried" && !problem && <p class="hint">{ts("file.tried.text")}</p>}
        {answer.refused.length > 0 && <Refusals refused={answer.refused} />}
        <div class="card-tools">
          {phase === "tried" && !problem && (
            <Button
              kind="primary"
              icon="play"
              disabled={answer.made + answer.changed === 0}
              onClick={() => void startImport().then(() => assetTree.refresh())}
            >
              {ts("import.start")}
            </Button>
          )}
          {phase === "sending" && kind !== "json" && (
            <Button icon="stop" disabled={stopping} onClick={stopImport}>
              {ts("import.stop")}
            </Button>
          )}
          {!isRunning && (
            <Button onClick={() => importing.set(undefined)}>{ts("import.another")}</Button>
          )}
        </div>
      </div>
    </Card>
  );
}

function Export() {
  const [under, setUnder] = useState("");
  const file = (format: "csv" | "json") => ({
    name: format === "csv" ? "assets.csv" : "assets.ndjson",
    media: format === "csv" ? "text/csv;charset=utf-8" : "application/x-ndjson",
    address: withQuery("/v1/assets-export", { under: under.trim(), format }),
  });
  return (
    <Card title={ts("export.title")}>
      <div class="stacked">
        <p>{ts("export.text")}</p>
        <TextField
          label={ts("export.under")}
          hint={ts("export.under.hint")}
          code
          value={under}
          onInput={setUnder}
        />
        <Downloads
          files={[
            { text: ts("export.csv"), file: () => file("csv") },
            { text: ts("export.json"), file: () => file("json") },
          ]}
        />
      </div>
    </Card>
  );
}

export function AssetsFile() {
  const state = useStore(importing);
  const take = async (file: File) => tryImport(file.name, decodeSheet(await file.arrayBuffer()));
  return (
    <>
      {state ? (
        <Import state={state} />
      ) : (
        <Card title={ts("import.title")}>
          <p>{ts("import.text")}</p>
          <FilePick
            text={ts("import.pick")}
            accept=".csv,.json,.ndjson,.jsonl,.txt,text/csv,application/json"
            onFile={(file) => void take(file)}
          />
          <p class="hint">{ts("import.columns")}</p>
          <Snippet text={EXAMPLE.trim()} />
        </Card>
      )}
      <Export />
    </>
  );
}

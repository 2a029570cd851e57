/** Many devices from a file: looked at first, sent in parts, each line with what became of it, tokens as a file. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { bulk, startBulk, stopBulk, type BulkState } from "../access/bulk";
import {
  COLUMNS,
  decodeSheet,
  headFault,
  readSheet,
  resultsFile,
  type RowResult,
  type Sheet,
} from "../access/csv";
import { saveFile } from "../api/download";
import { formatCount } from "../format";
import { RowGrid, type GridColumn } from "../history/row-grid";
import { ta } from "../i18n/access";
import { peopleProblem } from "../i18n/people-problems-zh";
import { problemDetail } from "../i18n/server-zh";
import { t } from "../i18n";
import { useStore } from "../store";
import { Icon } from "../ui/icon";
import { Badge, Button, Card, ProblemNote, Segmented, Snippet } from "../ui/parts";
import { Table } from "../ui/table";
import "../style/history.css";

const EXAMPLE = "name,role,branch\npress-1,device,#\npress-2,device,#\n";
const ROWS_SHOWN = 5;
const TABLE_FILE = "text/csv;charset=utf-8";

interface Chosen {
  file: string;
  sheet: Sheet;
}

function Picker({ onChosen }: { onChosen: (chosen: Chosen) => void }) {
  const [over, setOver] = useState(false);
  const take = async (file: File | undefined) => {
    if (file)
      onChosen({ file: file.name, sheet: readSheet(decodeSheet(await file.arrayBuffer())) });
  };
  return (
    <Card title={ta("file.title")}>
      <p>{ta("file.text")}</p>
      <label
        class={`drop${over ? " drop-over" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void take(event.dataTransfer?.files[0]);
        }}
      >
        <Icon name="down_to" size={26} />
        <span>{ta("file.pick")}</span>
        <input
          type="file"
          accept=".csv,.txt,text/csv"
          onChange={(event) => void take(event.currentTarget.files?.[0])}
        />
      </label>
      <dl class="column-words">
        {COLUMNS.map((column) => (
          <div key={column}>
            <dt>
              <code>{column}</code>
            </dt>
            <dd>{ta(`file.column.${column}`)}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">{ta("file.example")}</p>
      <Snippet text={EXAMPLE.trim()} />
    </Card>
  );
}

function faultText(sheet: Sheet): string {
  const fault = headFault(sheet.head);
  if (fault?.kind === "other")
    return ta("file.fault.column", { column: fault.column, columns: COLUMNS.join(", ") });
  if (fault) return ta("file.fault.name");
  return sheet.rows.length === 0 ? ta("file.fault.empty") : "";
}

/** The first rows as they were understood. A password is not shown. */
function Preview(props: { chosen: Chosen; onStart: () => void; onBack: () => void }) {
  const { file, sheet } = props.chosen;
  const count = sheet.rows.length;
  const fault = faultText(sheet);
  return (
    <Card
      title={file}
      aside={<span>{ta("file.rows", { count, number: formatCount(count) })}</span>}
    >
      {fault ? (
        <div class="note note-bad" role="alert">
          <Icon name="bad" />
          <span>{fault}</span>
        </div>
      ) : (
        <>
          <Table
            label={ta("file.preview")}
            columns={sheet.head.map((name, at) => ({
              name,
              title: name,
              main: name === "name",
              cell: ({ fields }: Sheet["rows"][number]) =>
                name === "password" && fields[at] ? "••••••" : (fields[at] ?? ""),
            }))}
            items={sheet.rows.slice(0, ROWS_SHOWN)}
            keyOf={({ line }) => line}
          />
          {count > ROWS_SHOWN && (
            <p class="hint">{ta("file.rest", { number: formatCount(count - ROWS_SHOWN) })}</p>
          )}
        </>
      )}
      <div class="card-tools">
        <Button onClick={props.onBack}>{ta("file.other")}</Button>
        {!fault && (
          <Button kind="primary" icon="play" onClick={props.onStart}>
            {ta("file.start", { count, number: formatCount(count) })}
          </Button>
        )}
      </div>
    </Card>
  );
}

const countOf = (results: RowResult[], outcome: RowResult["outcome"]): number =>
  results.reduce((sum, result) => sum + (result.outcome === outcome ? 1 : 0), 0);

function Outcome({ result }: { result: RowResult }) {
  if (result.outcome === "done")
    return (
      <Badge tone="good" icon="check">
        {ta("file.done")}
      </Badge>
    );
  if (result.outcome === "unknown")
    return (
      <Badge tone="warn" icon="unknown">
        {ta("file.unknown")}
      </Badge>
    );
  return (
    <Badge tone="bad" icon="close">
      {ta("file.refused")}
    </Badge>
  );
}

function reasonOf({ outcome, token, code, detail }: RowResult): string {
  if (outcome === "unknown") return ta("file.unknown.text");
  if (outcome === "refused") return peopleProblem(code, detail) ?? problemDetail(code, detail);
  return token || ta("file.no_token");
}

const RESULT_COLUMNS = ["line", "name", "outcome", "what"] as const;

function Results({ results }: { results: RowResult[] }) {
  const [kind, setKind] = useState<"all" | "refused">("all");
  const [active, setActive] = useState(-1);
  const shown = useMemo(
    () => (kind === "all" ? results : results.filter(({ outcome }) => outcome !== "done")),
    [kind, results],
  );
  const columns: GridColumn[] = RESULT_COLUMNS.map((name) => ({
    name,
    title: ta(`file.result.${name}`),
    number: name === "line",
  }));
  return (
    <>
      <Segmented
        label={ta("file.filter")}
        value={kind}
        options={[
          { value: "all", text: ta("file.all") },
          { value: "refused", text: ta("file.not_made") },
        ]}
        onChange={(next) => {
          setActive(-1);
          setKind(next);
        }}
      />
      <div class="tall-grid results-grid">
        <RowGrid
          label={ta("file.results")}
          columns={columns}
          widths="56px minmax(120px, 1fr) 112px minmax(220px, 3fr)"
          least={560}
          count={shown.length}
          cells={(row) => {
            const result = shown[row];
            if (!result) return undefined;
            const reason = reasonOf(result);
            return [
              result.line,
              <span class="name">{result.name}</span>,
              <Outcome result={result} />,
              result.token ? <code>{reason}</code> : <span title={reason}>{reason}</span>,
            ];
          }}
          active={active}
          onActive={setActive}
        />
      </div>
    </>
  );
}

function Progress({ state }: { state: BulkState }) {
  const { total, results, running } = state;
  const made = countOf(results, "done");
  const refused = countOf(results, "refused");
  const unknown = countOf(results, "unknown");
  return (
    <>
      <progress max={Math.max(total, 1)} value={results.length} aria-label={ta("file.progress")} />
      <p role="status">
        {running
          ? ta("file.running", { done: formatCount(results.length), total: formatCount(total) })
          : ta("file.over", { done: formatCount(results.length), total: formatCount(total) })}{" "}
        {ta("file.sums", { made: formatCount(made), refused: formatCount(refused) })}{" "}
        {unknown > 0 && ta("file.sums.unknown", { unknown: formatCount(unknown) })}
      </p>
    </>
  );
}

/** Tokens that nobody took with him are lost with the page: the browser asks before it goes. */
function useGuard(state: BulkState): void {
  const holds = state.running || (!state.saved && state.results.some(({ token }) => token !== ""));
  useEffect(() => {
    if (!holds) return;
    const guard = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", guard);
    return () => removeEventListener("beforeunload", guard);
  }, [holds]);
}

function Sent({ state }: { state: BulkState }) {
  const { file, results, running, saved } = state;
  useGuard(state);
  const hasTokens = results.some(({ token }) => token !== "");
  const take = () => {
    saveFile(`${file.replace(/\.[^.]*$/, "")}-tokens.csv`, [resultsFile(results)], TABLE_FILE);
    bulk.set({ ...state, saved: true });
  };
  return (
    <Card title={file}>
      <div class="sent">
        <Progress state={state} />
        <ProblemNote problem={state.problem} />
        {state.problem?.away && <p class="note note-bad">{t("problem.away")}</p>}
        {hasTokens && !running && !saved && (
          <p class="told-once">
            <Icon name="warn" size={16} />
            <span>{ta("file.tokens")}</span>
          </p>
        )}
        <div class="card-tools">
          {running ? (
            <Button icon="stop" disabled={state.stopping} onClick={stopBulk}>
              {ta("file.stop")}
            </Button>
          ) : (
            <>
              <Button kind={saved ? "plain" : "primary"} icon="down_to" onClick={take}>
                {ta("file.save")}
              </Button>
              <Button onClick={() => bulk.set(undefined)}>{ta("file.another")}</Button>
            </>
          )}
        </div>
        {results.length > 0 && <Results results={results} />}
      </div>
    </Card>
  );
}

export function DevicesFile() {
  const state = useStore(bulk);
  const [chosen, setChosen] = useState<Chosen>();
  if (state) return <Sent state={state} />;
  if (!chosen) return <Picker onChosen={setChosen} />;
  return (
    <Preview
      chosen={chosen}
      onBack={() => setChosen(undefined)}
      onStart={() => {
        setChosen(undefined);
        void startBulk(chosen.file, chosen.sheet);
      }}
    />
  );
}

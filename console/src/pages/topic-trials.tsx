/** What other settings would make of the topics seen: tried without changing anything. */
import { useState } from "preact/hooks";
import { ask, type Problem } from "../api/http";
import type { TopicTrial, TopicUse, TrialAnswer } from "../api/types";
import { formatCount } from "../format";
import { t, type Key } from "../i18n";
import { Field } from "../ui/dialog";
import { Button, Card, ProblemNote, Snippet } from "../ui/parts";
import { Table, type Column } from "../ui/table";
import { Use, whyOf } from "./topic-use";

const SHOWN_MAX = 200;

const changes = ({ now, then }: TopicTrial): boolean =>
  now.reading !== then.reading || now.path !== then.path;

function Fate({ use }: { use: TopicUse }) {
  return (
    <span class="tried">
      <Use use={use} />
      {use.path ? <code>{use.path}</code> : <span class="faint">{whyOf(use)}</span>}
    </span>
  );
}

function columns(): Column<TopicTrial>[] {
  return [
    {
      name: "topic",
      title: t("topics.topic"),
      main: true,
      cell: (trial) => <code class="name">{trial.topic}</code>,
    },
    { name: "now", title: t("topics.now"), cell: (trial) => <Fate use={trial.now} /> },
    {
      name: "then",
      title: t("topics.then"),
      cell: (trial) =>
        changes(trial) ? <Fate use={trial.then} /> : <span class="faint">{t("topics.same")}</span>,
    },
  ];
}

interface Wanted {
  match: string;
  template: string;
}

/** What it takes to put it in force: readings.match is taken over while the server runs, readings.path is not. */
function forceKey(wanted: Wanted, inForce: Wanted): Key {
  if (wanted.template !== inForce.template)
    return wanted.match === inForce.match ? "topics.done.path" : "topics.done.both";
  return wanted.match === inForce.match ? "topics.done.same" : "topics.done.match";
}

function settingLines(wanted: Wanted, inForce: Wanted): string {
  const lines = [];
  if (wanted.match !== inForce.match) lines.push(`readings.match = "${wanted.match}"`);
  if (wanted.template !== inForce.template) lines.push(`readings.path = "${wanted.template}"`);
  return lines.join("\n");
}

function Outcome(props: { answer: TrialAnswer; wanted: Wanted; inForce: Wanted }) {
  const { answer, wanted, inForce } = props;
  const lines = settingLines(wanted, inForce);
  return (
    <div class="dry-run-done" role="status">
      <p>
        <strong>
          {t("topics.outcome", {
            changes: formatCount(answer.changes),
            count: formatCount(answer.count),
          })}
        </strong>{" "}
        {t("topics.readings", {
          now: formatCount(answer.readings_now),
          then: formatCount(answer.readings_then),
        })}
      </p>
      {answer.topics.length > 0 && (
        <Table
          label={t("topics.try")}
          columns={columns()}
          items={answer.topics.slice(0, SHOWN_MAX)}
          keyOf={(trial) => trial.topic}
        />
      )}
      <p class="hint">{t(forceKey(wanted, inForce))}</p>
      {lines && <Snippet text={lines} />}
    </div>
  );
}

export function TopicTrials(inForce: Wanted) {
  const [edited, setEdited] = useState<Partial<Wanted>>({});
  const [busy, setBusy] = useState(false);
  const [tried, setTried] = useState<{ answer: TrialAnswer; wanted: Wanted }>();
  const [problem, setProblem] = useState<Problem>();
  const wanted = { match: inForce.match, template: inForce.template, ...edited };

  const run = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      setTried({ answer: await ask<TrialAnswer>("/v1/topics/dry-run", wanted), wanted });
    } catch (error) {
      setProblem(error as Problem);
      setTried(undefined);
    }
    setBusy(false);
  };
  const reset = () => {
    setEdited({});
    setTried(undefined);
    setProblem(undefined);
  };
  const input = (name: keyof Wanted) => (id: string) => (
    <input
      id={id}
      class="mono"
      value={wanted[name]}
      spellcheck={false}
      autocomplete="off"
      onInput={(event) => setEdited({ ...edited, [name]: event.currentTarget.value })}
    />
  );
  return (
    <Card title={t("topics.try")}>
      <form
        class="dry-run"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <Field label="readings.match" hint={t("topics.match.hint")}>
          {input("match")}
        </Field>
        <Field label="readings.path" hint={t("topics.path.hint", { topic: "{topic}" })}>
          {input("template")}
        </Field>
        <div class="dry-run-tools">
          <Button submit kind="primary" icon="check" busy={busy}>
            {t("topics.run")}
          </Button>
          {(tried || Object.keys(edited).length > 0) && (
            <Button kind="quiet" onClick={reset}>
              {t("topics.reset")}
            </Button>
          )}
        </div>
      </form>
      <ProblemNote problem={problem} />
      {tried && <Outcome answer={tried.answer} wanted={tried.wanted} inForce={inForce} />}
    </Card>
  );
}

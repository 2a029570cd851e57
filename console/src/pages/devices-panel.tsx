/** One device: what it is, what it may, what proves it, and what can be done with it. */
import { useState } from "preact/hooks";
import { expiryFrom, expiryOf } from "../access/expiry";
import { fingerprintWords } from "../access/fingerprint";
import { accountAddress, findAccount, type Device } from "../api/accounts";
import { serverNow } from "../api/clock";
import { command } from "../api/http";
import { useQuery } from "../api/query";
import { may } from "../api/session";
import { ta } from "../i18n/access";
import { t } from "../i18n";
import { tp } from "../i18n/people";
import { goTo, routeAddress } from "../router";
import { Dialog } from "../ui/dialog";
import { Button, Card, Empty, ProblemNote, Skeleton, Time } from "../ui/parts";
import { tell } from "../ui/toasts";
import {
  Expires,
  ExpiryField,
  Facts,
  LastUsed,
  StateBadge,
  SureDialog,
  TextField,
} from "./access-parts";
import { DeviceTold, isFingerprint, proofWords, type DeviceAnswer } from "./devices-make";
import { GrantList, Grants, grantsOf } from "./grants";
import { DeedNote, useDeed } from "./people-parts";

const back = (): void => goTo(routeAddress("devices"));

type Change = Partial<Pick<Device, "name" | "title" | "grants" | "state" | "expires">>;

async function changeDevice(device: Device, change: Change): Promise<Device> {
  const { device: next } = await command<DeviceAnswer>(
    "PATCH",
    accountAddress("devices", device.name),
    change,
  );
  return next ?? { ...device, ...change };
}

/** As it was; an end cannot be taken away again, only moved. */
function wayBack(before: Device, after: Device): Change | undefined {
  if (before.expires === null && after.expires !== null) return undefined;
  return {
    name: before.name,
    title: before.title ?? "",
    grants: before.grants,
    ...(before.expires !== after.expires ? { expires: before.expires } : {}),
  };
}

function EditDialog(props: {
  device: Device;
  onDone: (next: Device) => void;
  onClose: () => void;
}) {
  const { device } = props;
  const [name, setName] = useState(device.name);
  const [title, setTitle] = useState(device.title ?? "");
  const [grants, setGrants] = useState(device.grants);
  const first = expiryFrom(device.expires);
  const [expiry, setExpiry] = useState(first);
  const [busy, error, run] = useDeed();
  const isSameEnd = expiry.span === first.span && expiry.at === first.at;
  const expires = isSameEnd ? null : expiryOf(expiry, serverNow());
  const submit = async () => {
    const next = await changeDevice(device, {
      ...(name.trim() !== device.name ? { name: name.trim() } : {}),
      title: title.trim(),
      grants: grantsOf(grants),
      ...(expires ? { expires } : {}),
    });
    props.onDone(next);
  };
  return (
    <Dialog
      title={ta("devices.edit", { name: device.name })}
      submit={t("save")}
      busy={busy}
      disabled={!name.trim() || expires === undefined}
      onSubmit={() => void run(submit)}
      onClose={props.onClose}
    >
      <DeedNote error={error} />
      <TextField label={ta("name")} value={name} onInput={setName} />
      <TextField label={ta("purpose")} value={title} onInput={setTitle} />
      <Grants grants={grants} first="device" onChange={setGrants} />
      <ExpiryField expiry={expiry} always={device.expires === null} onChange={setExpiry} />
    </Dialog>
  );
}

function Certificates({ certificates }: { certificates: string[] }) {
  if (certificates.length === 0) return <span class="faint">{ta("proof.certificate.none")}</span>;
  return (
    <ul class="certificates">
      {certificates.map((certificate) => (
        <li key={certificate}>
          <code>{isFingerprint(certificate) ? fingerprintWords(certificate) : certificate}</code>
        </li>
      ))}
    </ul>
  );
}

type Open = "edit" | "token" | "remove" | null;

function Tools(props: {
  device: Device;
  busy: boolean;
  onOpen: (open: Open) => void;
  onToggle: () => void;
}) {
  const { device, onOpen } = props;
  const isOn = device.state !== "disabled";
  return (
    <div class="panel-tools">
      <Button icon="edit" onClick={() => onOpen("edit")}>
        {t("edit")}
      </Button>
      <Button icon="tokens" onClick={() => onOpen("token")}>
        {ta("devices.token")}
      </Button>
      <Button icon={isOn ? "stop" : "play"} busy={props.busy} onClick={props.onToggle}>
        {isOn ? ta("devices.disable") : ta("devices.enable")}
      </Button>
      <Button icon="retire" onClick={() => onOpen("remove")}>
        {ta("remove")}
      </Button>
    </div>
  );
}

function factsOf(device: Device): Parameters<typeof Facts>[0]["facts"] {
  const why = routeAddress("roles", "", { view: "why", of: "device", name: device.name });
  return [
    [ta("devices.state"), <StateBadge account={device} />],
    [
      tp("people.grants"),
      <>
        <GrantList grants={device.grants} />
        {may("users") && may("roles") && (
          <p>
            <a href={why}>{ta("devices.why")}</a>
          </p>
        )}
      </>,
    ],
    [ta("devices.proof"), proofWords(device)],
    [ta("proof.certificates"), <Certificates certificates={device.certificates} />],
    [ta("devices.last"), <LastUsed account={device} />],
    [ta("expiry"), <Expires account={device} />],
    [
      ta("made"),
      <>
        <Time time={device.created} /> {device.owner && ta("made.by", { owner: device.owner })}
      </>,
    ],
  ];
}

function DeviceShown(props: {
  device: Device;
  onChanged: (number: number, next: Device | null) => void;
}) {
  const { device, onChanged } = props;
  const [open, setOpen] = useState<Open>(null);
  const [told, setTold] = useState<{ text: string | undefined }>();
  const [busy, error, run] = useDeed();
  const close = () => setOpen(null);
  const took = (next: Device) => {
    onChanged(next.number, next);
    if (next.name !== device.name) goTo(routeAddress("devices", next.name), true);
  };
  const again = (now: Device, change: Change) =>
    void run(async () => {
      const next = await changeDevice(now, change);
      onChanged(next.number, next);
      if (next.name !== now.name) goTo(routeAddress("devices", next.name), true);
    });
  const changed = (next: Device, text: string, change: Change | undefined) => {
    close();
    took(next);
    tell({
      text,
      ...(change ? { action: { text: t("undo"), run: () => again(next, change) } } : {}),
    });
  };
  const toggle = async () => {
    const isOn = device.state !== "disabled";
    const next = await changeDevice(device, { state: isOn ? "disabled" : "active" });
    const text = ta(isOn ? "devices.disabled" : "devices.enabled", { name: device.name });
    changed(next, text, { state: isOn ? "active" : "disabled" });
  };
  const renew = async () => {
    const address = `${accountAddress("devices", device.name)}/token`;
    const answer = await command<DeviceAnswer>("POST", address);
    if (answer.device) onChanged(device.number, answer.device);
    close();
    setTold({ text: answer.text });
  };
  const remove = async () => {
    await command("DELETE", accountAddress("devices", device.name));
    back();
    onChanged(device.number, null);
    tell({ text: ta("devices.removed", { name: device.name }) });
  };
  return (
    <>
      {device.title && <p class="panel-title">{device.title}</p>}
      <DeedNote error={error} />
      {may("devices", "administer") && (
        <Tools device={device} busy={busy} onOpen={setOpen} onToggle={() => void run(toggle)} />
      )}
      <Facts facts={factsOf(device)} />
      {open === "edit" && (
        <EditDialog
          device={device}
          onClose={close}
          onDone={(next) =>
            changed(next, ta("devices.saved", { name: next.name }), wayBack(device, next))
          }
        />
      )}
      {open === "token" && (
        <SureDialog
          title={ta("devices.token.of", { name: device.name })}
          text={ta("devices.token.sure")}
          submit={ta("devices.token.renew")}
          deed={renew}
          onClose={close}
        />
      )}
      {open === "remove" && (
        <SureDialog
          title={ta("devices.remove", { name: device.name })}
          text={ta("devices.remove.text")}
          submit={ta("remove")}
          deed={remove}
          onClose={close}
        />
      )}
      {told && (
        <DeviceTold name={device.name} text={told.text} onClose={() => setTold(undefined)} />
      )}
    </>
  );
}

/** known: it is in the list. What is not there is asked for by its name. */
export function DevicePanel(props: {
  name: string;
  known: Device | undefined;
  onChanged: (number: number, next: Device | null) => void;
}) {
  const { name, known } = props;
  const [changed, setChanged] = useState<Device | null>();
  const found = useQuery(`device ${name} ${known ? "known" : ""}`, async (signal) =>
    known ? known : await findAccount<Device>("devices", name, signal),
  );
  const device = known ?? changed ?? found.data;
  return (
    <Card class="pair-panel">
      <div class="panel-head">
        <Button kind="quiet" icon="close" label={t("close")} onClick={back} />
        <h2>{name}</h2>
      </div>
      <ProblemNote problem={found.problem} onRetry={found.reload} />
      {device === undefined && !found.problem && <Skeleton rows={5} />}
      {device === null && (
        <Empty icon="unknown" title={ta("devices.unknown")} text={ta("devices.unknown.text")} />
      )}
      {device && (
        <DeviceShown
          device={device}
          onChanged={(number, next) => {
            setChanged(next);
            props.onChanged(number, next);
          }}
        />
      )}
    </Card>
  );
}
